/** A real S3 server and a real PostgreSQL, on the loopback interface, over temporary directories that go with them. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chownSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import {
  CreateBucketCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import pg from "pg";

import type { PostgresOptions } from "../../src/registry/storage/postgres/database.ts";
import type { S3StorageOptions } from "../../src/registry/storage/s3/index.ts";
import { removeDirectory } from "../fixtures/temporary-directory.ts";
import { initdb, postgres, versitygw } from "../tools.ts";
import { end, freePort, start, type MortalRegistry } from "./registries.ts";

/** What the tests of the s3 driver need. */
export const S3_TOOLS = [versitygw, initdb, postgres];

const CREDENTIALS = { accessKeyId: "loopback", secretAccessKey: "loopback-secret" };
const REGION = "us-east-1";
/** Milliseconds. */
const START_TIMEOUT = 30_000;

/** Both servers at work. */
export interface S3Services {
  readonly endpoint: string;
  readonly connectionString: string;
  /** Where the S3 server keeps its buckets: an object's file is `<bucket>/<key>` below it. */
  readonly directory: string;
  /** A new bucket and a new schema: where a registry is to be, as many replicas as it may have. */
  place(): Promise<S3Place>;
  /** New buckets, by name, and a user who may do with each what its policy says, and no more. */
  restricted(policies: Readonly<Record<string, IamPolicy>>): Promise<typeof CREDENTIALS>;
  /** A client of the S3 server. */
  client(): S3Client;
  /** What is in a place's bucket, and `?` and the key for each multipart upload that is under way. */
  keysOf(place: Pick<S3Place, "bucket">): Promise<string[]>;
  /** Kills one of them with SIGKILL, in the middle of whatever it does. Resolves when it is gone. */
  kill(which: "s3" | "postgres"): Promise<void>;
  /** Starts it again, over what it had. Resolves when it answers. */
  restart(which: "s3" | "postgres"): Promise<void>;
  close(): Promise<void>;
}

/** A policy of a user: whom it is about does not stand in it. */
export interface IamPolicy {
  readonly Version: string;
  readonly Statement: readonly object[];
}

/** What {@link S3Services.place} makes. */
export type S3Place = Omit<S3StorageOptions, "now" | "postgres"> & {
  readonly bucket: string;
  readonly postgres: PostgresOptions & { readonly connectionString: string; readonly schema: string };
};

/** Starts both. Resolves when they answer. */
export async function startS3Services(): Promise<S3Services> {
  const database = await startPostgres();
  try {
    const s3 = await start(versitygw, false, (port, directory) => [
      `--port=127.0.0.1:${port}`,
      // Where accounts are kept, beside the one that may do everything.
      `--iam-dir=${directory}`,
      `--access=${CREDENTIALS.accessKeyId}`,
      `--secret=${CREDENTIALS.secretAccessKey}`,
      `--region=${REGION}`,
      "--keep-alive",
      "--quiet",
      "posix",
      // Without it, a file system with extended attributes is needed.
      `--sidecar=${directory}`,
      join(directory, "content"),
    ]);
    const options = { endpoint: s3.url, region: REGION, credentials: CREDENTIALS, forcePathStyle: true };
    const client = (): S3Client => new S3Client(options);
    const { connectionString } = database;
    return {
      endpoint: s3.url,
      connectionString,
      directory: s3.directory,
      client,
      keysOf: async ({ bucket: Bucket }) => {
        const own = client();
        const { Contents = [] } = await own.send(new ListObjectsV2Command({ Bucket }));
        const { Uploads = [] } = await own.send(new ListMultipartUploadsCommand({ Bucket }));
        own.destroy();
        return [...Contents.map(({ Key }) => `${Key}`), ...Uploads.map(({ Key }) => `?${Key}`)].toSorted();
      },
      place: async () => {
        const name = `t${randomBytes(6).toString("hex")}`;
        const own = client();
        await own.send(new CreateBucketCommand({ Bucket: name }));
        own.destroy();
        return { ...options, bucket: name, prefix: "skills", postgres: { connectionString, schema: name } };
      },
      restricted: async (policies) => {
        const user = { accessKeyId: randomBytes(8).toString("hex"), secretAccessKey: randomBytes(16).toString("hex") };
        addUser(s3.url, user);
        const own = client();
        for (const [Bucket, { Version, Statement }] of Object.entries(policies)) {
          await own.send(new CreateBucketCommand({ Bucket }));
          const statements = Statement.map((each) => ({ ...each, Principal: { AWS: [user.accessKeyId] } }));
          const Policy = JSON.stringify({ Version, Statement: statements });
          await own.send(new PutBucketPolicyCommand({ Bucket, Policy }));
        }
        own.destroy();
        return user;
      },
      kill: async (which) => (which === "s3" ? s3 : database).kill(),
      restart: async (which) => (which === "s3" ? s3 : database).restart(),
      close: async () => {
        await s3.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

/** Tells the S3 server of a user, who may do nothing yet. */
function addUser(endpoint: string, user: typeof CREDENTIALS): void {
  const as = ({ accessKeyId, secretAccessKey }: typeof CREDENTIALS) => [
    `--access=${accessKeyId}`,
    `--secret=${secretAccessKey}`,
  ];
  const args = ["admin", ...as(CREDENTIALS), `--endpoint-url=${endpoint}`, "create-user", ...as(user), "--role=user"];
  execFileSync(versitygw.path ?? versitygw.name, args, { stdio: "pipe" });
}

/** Runs one statement in a place's schema. */
export async function select<R>(place: S3Place, text: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: place.postgres.connectionString });
  await client.connect();
  try {
    await client.query(`SET search_path TO ${place.postgres.schema}`);
    return (await client.query(text)).rows as R[];
  } finally {
    await client.end();
  }
}

/** Starts PostgreSQL, which refuses to be root: then it is somebody else. */
async function startPostgres(): Promise<
  { readonly connectionString: string } & Pick<MortalRegistry, "close" | "kill" | "restart">
> {
  const directory = mkdtempSync(join(tmpdir(), "postgres-"));
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  if (user !== undefined) chownSync(directory, user.uid, user.gid);
  const data = join(directory, "data");
  const options = { cwd: directory, ...user };
  const made = spawnSync(
    initdb.path ?? initdb.name,
    ["-D", data, "-U", "skillimage", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
    { ...options, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  const port = await freePort();
  let log = "";
  const begin = (): ChildProcess => {
    const begun = spawn(
      postgres.path ?? postgres.name,
      ["-D", data, "-h", "127.0.0.1", "-p", String(port), "-k", "", "-c", "fsync=off", "-c", "max_connections=200"],
      { ...options, stdio: ["ignore", "ignore", "pipe"] },
    );
    begun.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
    return begun;
  };
  let child = begin();
  const connectionString = `postgres://skillimage@127.0.0.1:${port}/postgres`;
  const close = async (): Promise<void> => {
    await end(child);
    removeDirectory(directory);
  };
  const kill = async (): Promise<void> => end(child);
  const restart = async (): Promise<void> => {
    // As long as one of its processes lives on, it does not start.
    for (let attempt = 0; attempt < 50; attempt += 1) {
      child = begin();
      if (await accepts(connectionString, child)) return;
      await delay(100);
    }
    throw new Error(`PostgreSQL did not start again:\n${log}`);
  };
  if (await accepts(connectionString, child)) return { connectionString, close, kill, restart };
  await close();
  throw new Error(`PostgreSQL did not start:\n${log}`);
}

async function accepts(connectionString: string, child: ChildProcess): Promise<boolean> {
  const deadline = performance.now() + START_TIMEOUT;
  while (child.exitCode === null && performance.now() < deadline) {
    const client = new pg.Client({ connectionString });
    client.on("error", () => undefined);
    const isThere = await client.connect().then(
      () => true,
      () => false,
    );
    await client.end().catch(() => undefined);
    if (isThere) return true;
    await delay(20);
  }
  return false;
}

/** The package's own user, or nobody. */
function unprivilegedUser(): { readonly uid: number; readonly gid: number } {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  const line = ["postgres", "nobody"].flatMap((name) => lines.find((each) => each.startsWith(`${name}:`)) ?? [])[0];
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined)
    throw new Error("there is no user postgres or nobody to run PostgreSQL as");
  return { uid: Number(uid), gid: Number(gid) };
}
