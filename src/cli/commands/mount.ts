import type { Reference } from "../../oci/index.ts";
import {
  checkMountOptions,
  mount,
  mountable,
  type MountableSkill,
  type MountOptions,
  type MountResult,
} from "../../skill/mount.ts";
import { MOUNT_FORMATS, WORKLOAD_KINDS, type MountFormat, type WorkloadKind } from "../../skill/mount/format.ts";
import { mountText } from "../../skill/mount/text.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { expandFully } from "../default-registry.ts";
import { ExitStatus } from "../exit.ts";
import { writeFilesIn } from "../files.ts";
import { reading, READING_OPTIONS, type PlaceFlags } from "../places.ts";
import { each, listOf, oneOf, reference, text } from "../values.ts";
import { remarkRetired } from "../words.ts";

interface Flags extends PlaceFlags {
  readonly for: MountFormat;
  readonly mountRoot?: string;
  readonly pin?: boolean;
  readonly image?: Reference;
  readonly name?: string;
  readonly kind?: WorkloadKind;
  readonly namespace?: string;
  readonly pullSecret?: readonly string[];
  readonly output?: string;
  readonly force?: boolean;
}

/** `skillctl mount`: what runs the agent is told to mount skills. */
export const mountCommand: CommandDefinition<[skills: readonly Reference[]], Flags> = {
  description:
    "Prints what podman, docker, Kubernetes, Quadlet or Compose must be told; nothing is started. Each skill is mounted read-only in a directory of its own name. With --image the " +
    "result is complete; without it, it is what to add: options for a command, a patch for a manifest, a drop-in, an override. Each is named as the runtime pulls it, with its registry; what it is, is looked up in the local copy, then there.",
  arguments: [
    {
      syntax: "<reference...>",
      summary: "the skills, as a registry has them",
      completes: "reference",
      parse: each(reference),
    },
  ],
  options: [
    {
      flags: "--for <runtime>",
      summary: `what runs the agent: ${MOUNT_FORMATS.join(", ")}`,
      required: true,
      completes: MOUNT_FORMATS,
      parse: oneOf("runtime", MOUNT_FORMATS),
    },
    {
      flags: "--mount-root <directory>",
      summary: "the directory in the container that holds the skills' directories (default: /skills)",
      parse: text("directory"),
    },
    { flags: "--pin", summary: "name the images by digest, so that they are the same tomorrow" },
    { flags: "--image <reference>", summary: "the agent's image", parse: reference },
    { flags: "--name <name>", summary: "of the container, pod, unit or service (default: agent)", parse: text("name") },
    {
      flags: "--kind <kind>",
      summary: "for kubernetes: pod (the default) or deployment",
      completes: WORKLOAD_KINDS,
      parse: oneOf("kind", WORKLOAD_KINDS),
    },
    { flags: "--namespace <namespace>", summary: "for kubernetes: where the agent runs", parse: text("namespace") },
    {
      flags: "--pull-secret <names>",
      summary: "for kubernetes: the secrets with which the node pulls, separated by commas",
      parse: listOf(text("secret")),
    },
    {
      flags: "-o, --output <directory>",
      summary: "write files there instead of printing them",
      completes: "directory",
      parse: text("directory"),
    },
    { flags: "-f, --force", summary: "replace files that exist already" },
    ...READING_OPTIONS,
  ],
  examples: [
    {
      title: "Options for podman run",
      command: "skillctl mount quay.io/myorg/hello-world:1.0.0 --for podman",
    },
    {
      title: "A pod that reads the same bytes tomorrow",
      command:
        "skillctl mount quay.io/myorg/hello-world:1.0.0 --for kubernetes --image registry.example.com/agent:1 --pin",
    },
    {
      title: "A patch for a Deployment that exists",
      command: "skillctl mount quay.io/myorg/hello-world:1.0.0 --for kubernetes --kind deployment --name agent",
    },
    {
      title: "Units for systemd",
      command:
        "skillctl mount quay.io/myorg/hello-world:1.0.0 --for quadlet --image registry.example.com/agent:1 -o units",
    },
  ],
  exitStatus: { 1: "an image cannot be mounted, a file exists, or the work failed" },
  async run(context, [references], flags) {
    const { output } = context;
    const options = optionsOf(flags);
    checkMountOptions(flags.for, options);
    const result = mount(flags.for, await lookUp(context, references, flags), options);
    await (flags.output === undefined
      ? output.result(result, ({ documents }) => mountText(documents))
      : writeOut(context, result, flags.output, flags.force === true));
    for (const skill of result.skills) await remarkRetired(output, skill.image, skill);
    return ExitStatus.ok;
  },
};

function optionsOf({ mountRoot, image, name, kind, namespace, pullSecret }: Flags): MountOptions {
  return {
    ...(mountRoot === undefined ? {} : { root: mountRoot }),
    ...(image === undefined ? {} : { image }),
    ...(name === undefined ? {} : { name }),
    ...(kind === undefined ? {} : { kind }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(pullSecret === undefined ? {} : { pullSecrets: pullSecret }),
  };
}

/** The skills under the names by which the runtime gets them, which a short name is not. */
async function lookUp(
  context: Context,
  references: readonly Reference[],
  flags: Flags,
): Promise<readonly MountableSkill[]> {
  const { signal } = context;
  const skills: MountableSkill[] = [];
  for (const given of references) {
    const full = await expandFully(context, given, flags.remote === true ? "always" : "unless here");
    const { pin = false } = flags;
    skills.push(
      await reading(context, full, flags, (place) => mountable(place.store, place.reference, { pin, signal })),
    );
  }
  return skills;
}

async function writeOut(context: Context, result: MountResult, directory: string, force: boolean): Promise<void> {
  const { output } = context;
  const paths = await writeFilesIn(directory, result.documents, force);
  await output.result(
    { ...result, paths },
    () => paths.map((path) => `${output.style.green("wrote")} ${path}\n`).join(""),
    () => paths.map((path) => `${path}\n`).join(""),
  );
}
