/** The Scoop manifest of a release. */
import { digestOf } from "./homebrew.mjs";

/** For `release` (`{ version, home, download, description, license }`), with the archives' SHA-256 by file name. */
export function scoopManifest({ version, home, download, description, license }, digests) {
  const archive = (arch) => `skillctl_${version}_windows_${arch}.zip`;
  const place = (arch) => ({ url: `${download}/${archive(arch)}`, hash: digestOf(digests, archive(arch)) });
  const manifest = {
    $schema: "https://raw.githubusercontent.com/ScoopInstaller/Scoop/master/schema.json",
    version,
    description,
    homepage: home,
    license,
    architecture: { "64bit": place("amd64"), arm64: place("arm64") },
    bin: "skillctl.exe",
    checkver: { github: home },
    autoupdate: {
      architecture: Object.fromEntries(
        [
          ["64bit", "amd64"],
          ["arm64", "arm64"],
        ].map(([name, arch]) => [name, { url: `${download}/${archive(arch)}`.replaceAll(version, "$version") }]),
      ),
      hash: { url: "$baseurl/checksums.txt" },
    },
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
