/** A bucket, or the part of one below a prefix: the dozen requests that we make, and no more of S3 than every server has. */
import type { S3Client } from "@aws-sdk/client-s3";

import { SkillError, throwIfAborted } from "../../../errors.ts";
import type { OperationOptions } from "../../../store/types.ts";
import type { ByteRange } from "../types.ts";
import { asking, bucketFailure, isMissing } from "./failures.ts";
import { loadSdk, type Sdk } from "./load.ts";
import { unlessSilent, type Incoming } from "./silence.ts";

/** Where a bucket is, and who may use it. */
export interface BucketOptions {
  readonly bucket: string;
  /** `https://minio.example.com:9000`. Default: AWS, in the region. */
  readonly endpoint?: string;
  /** Default: `AWS_REGION`, or what the AWS configuration of the user says. */
  readonly region?: string;
  /** Default: what AWS programs use: the environment, a profile, the role of the machine. */
  readonly credentials?: S3Credentials;
  /** Whether the bucket stands in the path, not in the host's name: MinIO and Ceph mostly want that. Default: whether there is an endpoint. */
  readonly forcePathStyle?: boolean;
  /** How long the server may say nothing, in milliseconds, before a request is tried once more. Default: 15,000. */
  readonly timeout?: number;
  /** What all keys begin with, for a bucket that others use, too. Default: nothing. */
  readonly prefix?: string;
}

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A part of a multipart upload, by the number that it has in order, from 1. */
export interface Part {
  readonly object: string;
  readonly multipart: string;
  readonly number: number;
}

/** Milliseconds. */
const CONNECT_TIMEOUT = 5000;
const SILENCE_TIMEOUT = 15_000;
/** Some servers copy all parts of an object before they say a word. */
const COMPLETE_TIMEOUT = 10 * 60_000;
const ATTEMPTS = 2;
const MAX_SOCKETS = 1024;

/** As the SDK calls them, in milliseconds: nothing goes over the connection, or no answer has begun. */
interface Timeouts {
  readonly socketTimeout: number;
  readonly requestTimeout?: number;
  readonly throwOnRequestTimeout?: boolean;
}

export class S3Bucket {
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  /** For what may take long. */
  readonly #patient: S3Client;
  /** For content, which whoever reads it may let wait: it waits for the beginning of an answer only. */
  readonly #reader: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #timeout: number;

  private constructor(
    sdk: Sdk,
    clients: readonly [S3Client, S3Client, S3Client],
    bucket: string,
    prefix: string,
    timeout: number,
  ) {
    this.#sdk = sdk;
    [this.#client, this.#patient, this.#reader] = clients;
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#timeout = timeout;
  }

  /** Asks for nothing yet. Throws `CONFIG_INVALID` when the SDK is not installed. */
  static async create(options: BucketOptions): Promise<S3Bucket> {
    const { bucket, endpoint, region, credentials, prefix = "", forcePathStyle = endpoint !== undefined } = options;
    const { timeout = SILENCE_TIMEOUT } = options;
    const sdk = await loadSdk();
    const client = (timeouts: Timeouts): S3Client =>
      new sdk.S3Client({
        forcePathStyle,
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(region === undefined ? {} : { region }),
        ...(credentials === undefined ? {} : { credentials }),
        maxAttempts: ATTEMPTS,
        // Checksums in trailers are news to many servers. We know what everything hashes to, and look.
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
        requestHandler: {
          connectionTimeout: Math.min(CONNECT_TIMEOUT, timeout),
          ...timeouts,
          httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
          httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
        },
      });
    const clients = [
      client({ socketTimeout: timeout }),
      client({ socketTimeout: Math.max(COMPLETE_TIMEOUT, timeout) }),
      client({ socketTimeout: 0, requestTimeout: timeout, throwOnRequestTimeout: true }),
    ] as const;
    return new S3Bucket(sdk, clients, bucket, prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`, timeout);
  }

  /** Its bytes, or a part of them. An object that is not there is an error that {@link isMissing}. */
  async *read(
    object: string,
    { range, signal }: OperationOptions & { readonly range?: ByteRange } = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const command = new this.#sdk.GetObjectCommand({
      ...this.#at(object),
      ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end}` }),
    });
    const { Body } = await asking(object, "read", async () => this.#reader.send(command, abortable(signal)), signal);
    // In Node.js, it is a stream.
    const body = Body as Incoming | undefined;
    if (body === undefined) return;
    try {
      yield* unlessSilent(body, this.#timeout);
    } catch (error) {
      throwIfAborted(signal);
      throw bucketFailure(object, "read", error);
    }
  }

  /** How many bytes it has; `undefined` when it is not there. */
  async size(object: string, { signal }: OperationOptions = {}): Promise<number | undefined> {
    const command = new this.#sdk.HeadObjectCommand(this.#at(object));
    try {
      const { ContentLength } = await asking(
        object,
        "read",
        async () => this.#client.send(command, abortable(signal)),
        signal,
      );
      return ContentLength ?? 0;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async put(object: string, bytes: Uint8Array, { signal }: OperationOptions = {}): Promise<void> {
    const command = new this.#sdk.PutObjectCommand({
      ...this.#at(object),
      Body: bytes,
      ContentLength: bytes.byteLength,
      ContentType: "application/octet-stream",
    });
    await this.#writing(object, async () => this.#client.send(command, abortable(signal)), signal);
  }

  /** One that is not there is gone as well. */
  async remove(object: string, { signal }: OperationOptions = {}): Promise<void> {
    const command = new this.#sdk.DeleteObjectCommand(this.#at(object));
    await unlessMissing(asking(object, "written", async () => this.#client.send(command, abortable(signal)), signal));
  }

  /** Begins a multipart upload; resolves to its id. */
  async beginMultipart(object: string, { signal }: OperationOptions = {}): Promise<string> {
    const command = new this.#sdk.CreateMultipartUploadCommand({
      ...this.#at(object),
      ContentType: "application/octet-stream",
    });
    const { UploadId } = await this.#writing(object, async () => this.#client.send(command, abortable(signal)), signal);
    return known(object, UploadId);
  }

  /** Resolves to the part's entity tag, which completes the upload. Every part but the last has 5 MiB or more. */
  async putPart(
    { object, multipart, number }: Part,
    bytes: Uint8Array,
    options: OperationOptions = {},
  ): Promise<string> {
    const command = new this.#sdk.UploadPartCommand({
      ...this.#at(object),
      UploadId: multipart,
      PartNumber: number,
      Body: bytes,
      ContentLength: bytes.byteLength,
    });
    const { signal } = options;
    const { ETag } = await asking(object, "written", async () => this.#client.send(command, abortable(signal)), signal);
    return known(object, ETag);
  }

  /** Makes the parts an object. An upload that has ended is an error that {@link isMissing}. */
  async completeMultipart(
    object: string,
    multipart: string,
    parts: readonly string[],
    { signal }: OperationOptions = {},
  ): Promise<void> {
    const command = new this.#sdk.CompleteMultipartUploadCommand({
      ...this.#at(object),
      UploadId: multipart,
      MultipartUpload: { Parts: parts.map((ETag, at) => ({ ETag, PartNumber: at + 1 })) },
    });
    await asking(object, "written", async () => this.#patient.send(command, abortable(signal)), signal);
  }

  /** Gives up a multipart upload with its parts. One that has ended is gone as well. */
  async abortMultipart(object: string, multipart: string, { signal }: OperationOptions = {}): Promise<void> {
    const command = new this.#sdk.AbortMultipartUploadCommand({ ...this.#at(object), UploadId: multipart });
    await unlessMissing(asking(object, "written", async () => this.#client.send(command, abortable(signal)), signal));
  }

  /** Gives up whatever multipart uploads were to become the object. */
  async abortMultiparts(object: string, { signal }: OperationOptions = {}): Promise<void> {
    const key = this.#prefix + object;
    const command = new this.#sdk.ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: key });
    const send = async () => this.#client.send(command, abortable(signal));
    const { Uploads = [] } = await this.#writing(object, send, signal);
    for (const { Key, UploadId } of Uploads) {
      if (Key !== key) continue;
      await this.abortMultipart(object, known(object, UploadId), signal === undefined ? {} : { signal });
    }
  }

  /** All objects below the prefix, a page at a time. */
  async *list({ signal }: OperationOptions = {}): AsyncGenerator<readonly string[], void, undefined> {
    let token: string | undefined;
    do {
      const command = new this.#sdk.ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: this.#prefix,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      const page = await asking(
        "the bucket",
        "read",
        async () => this.#client.send(command, abortable(signal)),
        signal,
      );
      yield (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key.slice(this.#prefix.length)]));
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  close(): void {
    this.#client.destroy();
    this.#patient.destroy();
    this.#reader.destroy();
  }

  #at(object: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + object };
  }

  /** For requests that need nothing but the bucket: that it is missing is a failure like another. */
  async #writing<T>(object: string, ask: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    try {
      return await asking(object, "written", ask, signal);
    } catch (error) {
      throw bucketFailure(object, "written", error);
    }
  }
}

function abortable(signal: AbortSignal | undefined): { readonly abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

async function unlessMissing(asked: Promise<unknown>): Promise<void> {
  await asked.catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

function known(object: string, answer: string | undefined): string {
  if (answer !== undefined && answer !== "") return answer;
  throw new SkillError("RESPONSE_INVALID", `S3 did not say what it stored ${object} as`);
}
