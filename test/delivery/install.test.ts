/** install.sh against a server of releases: good, absent, cut short and tampered with; on machines that have this and lack that. */
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { busybox, curl, describeWith, setpriv, shellcheck, wget } from "../tools.ts";
import { manifest, output, RELEASE, ROOT, run, temporaryDirectory, VERSION, type Outcome } from "./release.ts";
import { startReleaseServer, type ReleaseServer } from "./release-server.ts";

const SCRIPT = join(ROOT, "install.sh");
const ARCHIVE = `skillctl_${VERSION}_linux_amd64.tar.gz`;
/** What the script calls, beside curl or wget and what computes SHA-256. */
const NEEDED = "cat chmod cut grep gzip head id ls mkdir mktemp mv rm sh sysctl tar uname".split(" ");

let server: ReleaseServer;
/** With a script in the executable's place: quicker, where what is inside does not matter. */
let small: ReleaseServer;
let room: string;
beforeAll(async () => {
  room = temporaryDirectory();
  server = await startReleaseServer(RELEASE, VERSION);
  small = await startReleaseServer(await releaseOf(`#!/bin/sh\necho skillctl ${VERSION}\n`), VERSION);
});
afterAll(async () => Promise.all([server.close(), small.close()]));

/** A directory with a release whose `skillctl` is `script`. */
async function releaseOf(script: string): Promise<string> {
  const directory = temporaryDirectory();
  writeFileSync(join(directory, "skillctl"), script, { mode: 0o755 });
  await output("tar", ["-czf", ARCHIVE, "skillctl"], { cwd: directory });
  writeFileSync(join(directory, "checksums.txt"), await output("sha256sum", [ARCHIVE], { cwd: directory }));
  return directory;
}

/** A PATH with nothing but what the script needs and `programs`. */
async function pathWith(name: string, ...programs: readonly string[]): Promise<string> {
  const bin = join(room, `bin-${name}`);
  mkdirSync(bin);
  for (const program of [...NEEDED, ...programs]) {
    const { stdout } = await run("sh", ["-c", 'command -v "$1"', "sh", program]);
    if (stdout !== "") symlinkSync(stdout.trim(), join(bin, program));
  }
  return bin;
}

function install(variables: Readonly<Record<string, string>>): Promise<Outcome> {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, BASE_URL: small.url, ...variables } as NodeJS.ProcessEnv;
  return run("/bin/sh", [SCRIPT], { env });
}

/** Whatever the script left in a directory. */
const leftIn = (directory: string): string[] => readdirSync(directory).toSorted();

describeWith([curl], "install.sh", () => {
  it("installs the latest release, makes the directory, and says what to add to PATH", async () => {
    const target = join(room, "fresh/bin");
    const { status, stdout, stderr } = await install({ INSTALL_DIR: target, BASE_URL: server.url });
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: "" });
    expect(stderr).toContain(`installed ${target}/skillctl\n`);
    expect(stderr).toContain(`  export PATH="${target}:$PATH"\n`);
    expect(leftIn(target)).toEqual(["skillctl"]);
    expect(statSync(join(target, "skillctl")).mode & 0o777).toBe(0o755);
    expect(await output(join(target, "skillctl"), ["version"])).toBe(`skillctl ${VERSION}\n`);
  });

  it("says a relative directory in full, as on PATH it would be another one in each place", async () => {
    const env = { ...process.env, BASE_URL: small.url, INSTALL_DIR: "relative/bin" };
    const { status, stderr } = await run("/bin/sh", [SCRIPT], { env, cwd: room });
    expect(status, stderr).toBe(0);
    expect(stderr).toContain(`  export PATH="${realpathSync(room)}/relative/bin:$PATH"\n`);
    expect(leftIn(join(room, "relative/bin"))).toEqual(["skillctl"]);
  });

  it("installs into ~/.local/bin where nothing else is said", async () => {
    const home = join(room, "home");
    mkdirSync(home);
    const PATH = await pathWith("user", "curl", "sha256sum");
    // A user whose id is not 0, whoever runs the tests.
    const id = join(PATH, "id");
    expect((await run("rm", [id])).status).toBe(0);
    writeFileSync(id, "#!/bin/sh\necho 1000\n", { mode: 0o755 });
    const { status, stderr } = await install({ HOME: home, PATH: `${PATH}:${home}/.local/bin` });
    expect(status, stderr).toBe(0);
    expect(leftIn(join(home, ".local/bin"))).toEqual(["skillctl"]);
    expect(stderr).not.toContain("is not on your PATH");
  });

  it("takes a version, with and without its v, and replaces what is there", async () => {
    const target = join(room, "version");
    mkdirSync(target);
    writeFileSync(join(target, "skillctl"), "an older one");
    for (const version of [VERSION, `v${VERSION}`]) {
      const { status, stderr } = await install({ INSTALL_DIR: target, VERSION: version });
      expect(status, stderr).toBe(0);
    }
    expect(await output(join(target, "skillctl"), ["version"])).toBe(`skillctl ${VERSION}\n`);
    expect(small.asked).toContain(`/download/v${VERSION}/checksums.txt`);
  });

  describe("leaves what was there, and nothing else,", () => {
    let target: string;
    beforeAll(() => {
      target = join(room, "kept");
      mkdirSync(target);
      writeFileSync(join(target, "skillctl"), "the old one");
    });
    const refused = async (variables: Readonly<Record<string, string>>, words: string): Promise<void> => {
      const { status, stdout, stderr } = await install({ INSTALL_DIR: target, ...variables });
      expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
      expect(stderr).toContain(words);
      expect(leftIn(target)).toEqual(["skillctl"]);
      expect(readFileSync(join(target, "skillctl"), "utf8")).toBe("the old one");
    };
    const refusedFrom = async (options: Parameters<typeof startReleaseServer>[2], words: string): Promise<void> => {
      const bad = await startReleaseServer(RELEASE, VERSION, options);
      await refused({ BASE_URL: bad.url }, words);
      await bad.close();
    };

    it("when the archive was tampered with", async () => {
      const other = readFileSync(join(RELEASE, ARCHIVE));
      other[1_000_000] = (other[1_000_000] ?? 0) ^ 1;
      await refusedFrom({ change: { [ARCHIVE]: other } }, `${ARCHIVE} is not what was released: its SHA-256 is `);
    });

    it("when the archive ends early", async () => {
      await refusedFrom({ change: { [ARCHIVE]: readFileSync(join(RELEASE, ARCHIVE)).subarray(0, 1000) } }, "SHA-256");
      await refusedFrom({ cut: ARCHIVE }, "cannot download");
    });

    it("when the checksums are a page of something else, or name no archive for this machine", async () => {
      await refusedFrom({ change: { "checksums.txt": "<html>log in</html>" } }, "names no archive for linux/amd64");
      const others = readFileSync(join(RELEASE, "checksums.txt"), "utf8").replaceAll("linux_amd64", "plan9_amd64");
      await refusedFrom({ change: { "checksums.txt": others } }, "names no archive for linux/amd64");
    });

    it("when an archive with the right checksum holds something else", async () => {
      const other = await startReleaseServer(await releaseOf("#!/bin/sh\necho skillctl 9.9.9\n"), VERSION);
      await refused({ BASE_URL: other.url }, "the executable says that it is: skillctl 9.9.9");
      await other.close();
    });

    it("when there is no such version, or it is no version", async () => {
      await refused({ VERSION: "9.9.9" }, "cannot download");
      await refused({ VERSION: "../../x" }, "VERSION is no version");
    });

    it("when there is neither curl nor wget, or nothing that computes SHA-256", async () => {
      await refused({ PATH: await pathWith("none", "sha256sum") }, "neither curl nor wget is installed");
      await refused({ PATH: await pathWith("no-sha", "curl") }, "nothing here computes SHA-256");
    });

    it("when there is no executable for the machine", async () => {
      const PATH = await pathWith("sparc", "curl", "sha256sum");
      await output("rm", [join(PATH, "uname")]);
      writeFileSync(join(PATH, "uname"), '#!/bin/sh\n[ "$1" = -s ] && echo Linux || echo sparc64\n', { mode: 0o755 });
      await refused({ PATH }, "there is no executable for sparc64\nhint: On any machine with Node.js");
    });
  });

  it("is one function, called by its last line: half of it does nothing", async () => {
    const text = readFileSync(SCRIPT, "utf8");
    const half = join(room, "half.sh");
    for (const share of [0.3, 0.6, 0.99]) {
      const cut = text.slice(0, text.length * share);
      writeFileSync(half, cut);
      const before = server.asked.length;
      const target = join(room, "half");
      await run("/bin/sh", [half], { env: { ...process.env, BASE_URL: server.url, INSTALL_DIR: target } });
      expect(server.asked.length).toBe(before);
    }
  });

  it("downloads from the page that package.json names", () => {
    const home = manifest.repository.url.replace(/^git\+|\.git$/g, "");
    const named = readFileSync(SCRIPT, "utf8").match(/https:\/\/github\.com\/[^/\s]+\/\w+/g) ?? [];
    expect(named.length).toBeGreaterThan(0);
    expect(new Set(named)).toEqual(new Set([home]));
  });
});

describeWith([curl, wget, busybox], "install.sh with other tools", () => {
  it.each([
    ["wget and shasum", ["wget", "shasum", "perl"]],
    ["wget and openssl", ["wget", "openssl"]],
  ])("installs with %s", async (name, programs) => {
    const target = join(room, name.replaceAll(" ", "-"));
    const PATH = await pathWith(name.replaceAll(" ", "-"), ...programs);
    const { status, stderr } = await install({ INSTALL_DIR: target, PATH });
    expect(status, stderr).toBe(0);
    expect(leftIn(target)).toEqual(["skillctl"]);
  });

  it("installs with busybox, its shell included", async () => {
    const bin = join(room, "busybox");
    mkdirSync(bin);
    for (const name of [...NEEDED, "wget", "sha256sum"]) symlinkSync(busybox.path ?? "", join(bin, name));
    const target = join(room, "by-busybox");
    const { status, stderr } = await run(join(bin, "sh"), [SCRIPT], {
      env: { PATH: bin, BASE_URL: server.url, INSTALL_DIR: target },
    });
    expect(status, stderr).toBe(0);
    expect(leftIn(target)).toEqual(["skillctl"]);
  });
});

describeWith([curl, setpriv], "install.sh for a user who may not write there", () => {
  it("says so, and what to do", async () => {
    const closed = join(room, "closed");
    mkdirSync(closed);
    chmodSync(closed, 0o555);
    chmodSync(room, 0o755);
    const asUser = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const user = process.getuid?.() === 0 ? asUser : [];
    for (const [directory, words] of [
      [closed, `cannot write into ${closed}`],
      [join(closed, "below"), `cannot make the directory ${closed}/below`],
    ] as const) {
      const { status, stderr } = await run("setpriv", [...user, "/bin/sh", SCRIPT], {
        env: { PATH: process.env["PATH"], BASE_URL: server.url, INSTALL_DIR: directory },
      });
      expect(status).toBe(1);
      expect(stderr).toContain(`error: ${words}\nhint: Choose another`);
    }
    expect(leftIn(closed)).toEqual([]);
  });
});

describeWith([shellcheck], "install.sh and the other scripts", () => {
  it.each(["install.sh", "deploy/image/root.sh", ".ci/run", ".ci/tools.sh"])(
    "%s has nothing that shellcheck warns of",
    async (script) => {
      expect(await run("shellcheck", [script], { cwd: ROOT })).toEqual({ status: 0, stdout: "", stderr: "" });
    },
  );
});
