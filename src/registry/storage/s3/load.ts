import { SkillError } from "../../../errors.ts";

export type Sdk = typeof import("@aws-sdk/client-s3");

/** The SDK, which only those install who use it. Throws `CONFIG_INVALID` when it is absent. */
export async function loadSdk(): Promise<Sdk> {
  try {
    return await import("@aws-sdk/client-s3");
  } catch (cause) {
    throw new SkillError("CONFIG_INVALID", "the package @aws-sdk/client-s3, which speaks with S3, is not installed", {
      hint: "Install it beside skillimage: npm install @aws-sdk/client-s3",
      cause,
    });
  }
}
