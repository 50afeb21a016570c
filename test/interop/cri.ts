/**
 * The part of a kubelet that these tests need: it speaks the Container Runtime Interface, gRPC over a socket, and starts
 * a pod whose container has an image mounted as a volume.
 */
import {
  credentials,
  loadPackageDefinition,
  type Client,
  type GrpcObject,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** Milliseconds for one call; pulling a small image from loopback and starting a container take about one second. */
const TIMEOUT = 60_000;
/** Seconds for a command inside a container. */
const COMMAND_TIMEOUT = 20;

/** A container runtime, spoken to as a kubelet does. */
export interface ContainerRuntime {
  /** Pulls an image and returns the runtime's name for it. */
  pull(reference: string): Promise<string>;
  /**
   * Starts a container of `base` with images mounted read-only, all of which have been pulled, and lets `work` run commands in
   * it. The pod is gone when this resolves or rejects.
   */
  withVolumes<T>(base: string, volumes: readonly ImageVolume[], work: (container: Container) => Promise<T>): Promise<T>;
  close(): void;
}

/** An image as a volume. */
export interface ImageVolume {
  readonly image: string;
  /** Where it is in the container. */
  readonly path: string;
  /** The part of the image that is mounted. Default: all of it. */
  readonly subPath?: string;
}

/** A container at work. */
export interface Container {
  /** Runs a command in the container and returns how it ended. */
  run(...command: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }>;
}

type Call = <Reply>(method: string, request: object) => Promise<Reply>;

/** Connects to the runtime that listens on `socket`. `protocol` is the path of the CRI's api.proto, `logs` a directory. */
export function connectRuntime(socket: string, protocol: string, logs: string): ContainerRuntime {
  const definition = loadSync(protocol, { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true });
  const v1 = (loadPackageDefinition(definition)["runtime"] as GrpcObject)["v1"] as GrpcObject;
  const connect = (service: string): readonly [Call, Client] => {
    const constructor = v1[service] as ServiceClientConstructor;
    // The default authority would be the socket's path, which no server takes for a host.
    const options = { "grpc.default_authority": "localhost" };
    const client = new constructor(`unix://${socket}`, credentials.createInsecure(), options);
    return [callsOf(constructor, client), client];
  };
  const [callRuntime, runtime] = connect("RuntimeService");
  const [callImages, images] = connect("ImageService");
  return {
    pull: async (image) => {
      const { image_ref } = await callImages<{ image_ref: string }>("PullImage", { image: { image } });
      return image_ref;
    },
    withVolumes: (base, volumes, work) =>
      inPod(callRuntime, logs, (pod) => inContainer(callRuntime, pod, base, volumes, work)),
    close: () => {
      runtime.close();
      images.close();
    },
  };
}

/** Calls the methods of a service by name. Rejects with the runtime's own words. */
function callsOf({ service }: ServiceClientConstructor, client: Client): Call {
  return <Reply>(name: string, request: object) =>
    new Promise<Reply>((resolve, reject) => {
      const method = service[name];
      if (method === undefined) throw new Error(`the CRI has no method ${name}`);
      const { path, requestSerialize, responseDeserialize } = method;
      const options = { deadline: Date.now() + TIMEOUT };
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, options, (error, reply) => {
        if (error === null) resolve(reply as Reply);
        else reject(error);
      });
    });
}

interface Pod {
  readonly pod_sandbox_id: string;
  readonly sandbox_config: object;
}

async function inPod<T>(call: Call, logs: string, work: (pod: Pod) => Promise<T>): Promise<T> {
  const config = {
    metadata: { name: "agent", namespace: "default", uid: "agent-1", attempt: 0 },
    log_directory: logs,
    linux: { cgroup_parent: "/skills-test", security_context: { namespace_options: { network: "NODE" } } },
  };
  const { pod_sandbox_id } = await call<{ pod_sandbox_id: string }>("RunPodSandbox", { config });
  try {
    return await work({ pod_sandbox_id, sandbox_config: config });
  } finally {
    await call("StopPodSandbox", { pod_sandbox_id });
    await call("RemovePodSandbox", { pod_sandbox_id });
  }
}

async function inContainer<T>(
  call: Call,
  pod: Pod,
  base: string,
  volumes: readonly ImageVolume[],
  work: (container: Container) => Promise<T>,
): Promise<T> {
  const config = {
    metadata: { name: "agent", attempt: 0 },
    image: { image: base },
    command: ["/bin/busybox", "sleep", "3600"],
    log_path: "agent.log",
    mounts: volumes.map(({ image, path, subPath = "" }) => ({
      container_path: path,
      readonly: true,
      image: { image },
      image_sub_path: subPath,
    })),
    linux: {},
  };
  const { container_id } = await call<{ container_id: string }>("CreateContainer", { ...pod, config });
  await call("StartContainer", { container_id });
  return work({
    run: async (...cmd) => {
      const request = { container_id, cmd, timeout: COMMAND_TIMEOUT };
      const { exit_code, stdout, stderr } = await call<ExecReply>("ExecSync", request);
      return { status: exit_code, stdout: stdout.toString(), stderr: stderr.toString() };
    },
  });
}

interface ExecReply {
  readonly exit_code: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}
