/**
 * Pushing blobs: nothing that is there already, nothing that the registry can take from elsewhere, and the rest in as few
 * requests as its size allows. OCI distribution-spec "Pushing blobs".
 */
import { asContent, readAll, type Content } from "../content/index.ts";
import { throwIfAborted } from "../errors.ts";
import type { Descriptor, Digest } from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import { verified } from "../store/verify.ts";
import { hasBlob } from "./blobs.ts";
import type { Pause } from "./pause.ts";
import type { RepositoryClient } from "./repository-client.ts";
import { isForgotten, UploadSession } from "./upload-session.ts";
import { UploadSource, type Measured } from "./upload-source.ts";
import { StreamUpload } from "./upload-stream.ts";

/** Content of so many bytes goes up in one request, which can be repeated as a whole. */
const SMALL = 1024 * 1024;
/** As {@link SMALL}, of content that is in memory anyway. */
const SMALL_IN_MEMORY = 4 * SMALL;

export interface UploadSettings {
  /** Bytes of a chunk; default: everything in one streamed request. */
  readonly chunkSize?: number;
  readonly pause: Pause;
  /** Waits as long as a failure asks for (`Retry-After`). */
  readonly obey: (failure: unknown, signal: AbortSignal | undefined) => Promise<void>;
}

export interface BlobPushOptions extends OperationOptions {
  /** A repository of the same registry that has the blob, by its path there. */
  readonly mountFrom?: string;
}

/** Stores a blob. Throws `DIGEST_MISMATCH` or `SIZE_MISMATCH` when `content` is not what `descriptor` describes. */
export async function pushBlob(
  repository: RepositoryClient,
  descriptor: Descriptor,
  content: Content | Uint8Array,
  settings: UploadSettings,
  { mountFrom, ...options }: BlobPushOptions = {},
): Promise<void> {
  const { ownMount, singlePost } = repository.traits;
  const asksByMount = mountFrom === undefined && ownMount.works && !singlePost.works;
  const from = asksByMount ? repository.path : mountFrom;
  const answer =
    from === undefined ? undefined : await UploadSession.mount(repository, descriptor.digest, from, options);
  if (answer === "mounted" && (!asksByMount || ownMount.isBelieved)) return;
  const begun = answer === "mounted" ? undefined : answer;
  const giveUp = async (error: unknown): Promise<never> => {
    await begun?.abandon();
    throw error;
  };
  const isAbsent = asksByMount && begun !== undefined;
  if (isAbsent) ownMount.sawDenied();
  else if (await hasBlob(repository, descriptor, { ...options, access: "push" }).catch(giveUp)) return begun?.abandon();
  else if (answer === "mounted") ownMount.sawLie();
  if (descriptor.size <= (content instanceof Uint8Array ? SMALL_IN_MEMORY : SMALL)) {
    await sendBytes(repository, descriptor, asContent(content), begun, options);
  } else {
    const source = UploadSource.described(descriptor, asContent(content));
    await sendStream(repository, source, settings, begun, options);
  }
  if (!singlePost.works) await ownMount.sawPushed(repository, descriptor.digest, options);
}

/** Stores content whose digest shows only when it has flowed. */
export async function ingestBlob(
  repository: RepositoryClient,
  content: Content,
  settings: UploadSettings,
  options: OperationOptions = {},
): Promise<Measured> {
  return sendStream(repository, UploadSource.unknown(content), settings, undefined, options);
}

async function sendBytes(
  repository: RepositoryClient,
  descriptor: Descriptor,
  content: Content,
  begun: UploadSession | undefined,
  options: OperationOptions,
): Promise<void> {
  const { digest } = descriptor;
  const bytes = await readAll(verified(descriptor, content), options).catch(async (error: unknown) => {
    await begun?.abandon();
    throw error;
  });
  throwIfAborted(options.signal);
  if (begun === undefined && (await repository.traits.singlePost.send(repository, descriptor, bytes, options))) return;
  const session = begun ?? (await UploadSession.begin(repository, options));
  try {
    await finish(session, digest, bytes);
  } catch (error) {
    if (!isForgotten(error)) throw error;
    // It was done, and the answer lost; or the registry did not keep the session.
    if (await hasBlob(repository, descriptor, options)) return;
    await finish(await UploadSession.begin(repository, options), digest, bytes);
  }
}

async function finish(session: UploadSession, digest: Digest, bytes?: Uint8Array): Promise<void> {
  try {
    await session.finish(digest, bytes);
  } catch (error) {
    if (!isForgotten(error)) await session.abandon();
    throw error;
  }
}

async function sendStream(
  repository: RepositoryClient,
  source: UploadSource,
  { chunkSize, pause, obey }: UploadSettings,
  begun: UploadSession | undefined,
  options: OperationOptions,
): Promise<Measured> {
  const begin = async (): Promise<UploadSession> => UploadSession.begin(repository, options);
  const upload = new StreamUpload(begun ?? (await begin()), {
    source,
    begin,
    chunkSize,
    pause: async (times) => pause(times, options.signal),
    obey: async (failure) => obey(failure, options.signal),
  });
  try {
    await upload.run();
  } catch (error) {
    await upload.session.abandon();
    throw error;
  }
  const measured = source.measure();
  try {
    await finish(upload.session, measured.digest);
  } catch (error) {
    if (!isForgotten(error) || !(await hasBlob(repository, measured, options))) throw error;
  }
  return measured;
}
