/** The bill of materials of a release, in CycloneDX 1.6 as JSON: what is inside of the executables, by package URL, license and checksum. */
import { createHash } from "node:crypto";

import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";
import { PackageURL } from "packageurl-js";

/**
 * The bill of `subject` (`{ name, version, license }`), which `packages` are in. `time` in seconds since 1970. The same arguments
 * make the same bytes, serial number included.
 */
export function billOfMaterials(subject, packages, time) {
  const bom = new Models.Bom();
  bom.metadata.timestamp = new Date(time * 1000);
  bom.metadata.component = component(subject, Enums.ComponentType.Application);
  for (const each of packages) {
    const part = component(each, each.name === "bun" ? Enums.ComponentType.Platform : Enums.ComponentType.Library);
    bom.components.add(part);
    bom.metadata.component.dependencies.add(part.bomRef);
  }
  const serializer = new Serialize.JsonSerializer(new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6));
  const options = { sortLists: true, space: 2 };
  bom.serialNumber = `urn:uuid:${uuidOf(serializer.serialize(bom, options))}`;
  return `${serializer.serialize(bom, options)}\n`;
}

function component({ name, version, license, integrity }, type) {
  const [, group, base] = /^(?:(@[^/]+)\/)?(.+)$/.exec(name);
  const purl = new PackageURL("npm", group, base, version, undefined, undefined).toString();
  const made = new Models.Component(type, base, {
    bomRef: purl,
    purl,
    version,
    ...(group === undefined ? {} : { group }),
  });
  if (license !== undefined) made.licenses.add(licenseOf(license));
  const [, digest] = /^sha512-(.+)$/.exec(integrity ?? "") ?? [];
  if (digest !== undefined) {
    made.hashes.set(Enums.HashAlgorithm["SHA-512"], Buffer.from(digest, "base64").toString("hex"));
  }
  return made;
}

function licenseOf(expression) {
  return /\s/.test(expression) ? new Models.LicenseExpression(expression) : new Models.SpdxLicense(expression);
}

/** A UUID (version 8, RFC 9562) that only this content has. */
function uuidOf(content) {
  const bytes = createHash("sha256").update(content).digest().subarray(0, 16);
  bytes[6] = (bytes[6] & 0x0f) | 0x80;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
