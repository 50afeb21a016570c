/**
 * The table of commands. A command's module loads when it is called, so that none pays for what another one needs.
 * For the same reason the command imports from the library's files and not from its index files: a bundler splits code by
 * file, and whoever touches an index file loads all that it exports.
 */
import type { CommandEntry } from "./command.ts";

const AUTHOR = "Write a skill:";
const IMAGES = "Work with images:";
const REGISTRY = "Share them through a registry:";
const MOVE = "Take them elsewhere:";
const STORE = "Keep the store in order:";
const SERVER = "Run a registry:";
const OTHER = "Other:";

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "init",
    summary: "create a new skill from a template",
    group: AUTHOR,
    load: async () => (await import("./commands/init.ts")).initCommand,
  },
  {
    name: "validate",
    summary: "check skills and show where every problem is",
    group: AUTHOR,
    load: async () => (await import("./commands/validate.ts")).validateCommand,
  },
  {
    name: "pack",
    aliases: ["build"],
    summary: "pack skill directories as draft images",
    group: AUTHOR,
    load: async () => (await import("./commands/pack.ts")).packCommand,
  },
  {
    name: "list",
    aliases: ["ls", "images"],
    summary: "list the images of the store, or of a repository",
    group: IMAGES,
    load: async () => (await import("./commands/list.ts")).listCommand,
  },
  {
    name: "inspect",
    summary: "show a skill's card, lifecycle and image",
    group: IMAGES,
    load: async () => (await import("./commands/inspect.ts")).inspectCommand,
  },
  {
    name: "promote",
    summary: "move a skill to the next lifecycle state",
    group: IMAGES,
    load: async () => (await import("./commands/promote.ts")).promoteCommand,
  },
  {
    name: "tag",
    summary: "give an image another tag",
    group: IMAGES,
    load: async () => (await import("./commands/tag.ts")).tagCommand,
  },
  {
    name: "diff",
    summary: "compare two skills, packed or not",
    group: IMAGES,
    load: async () => (await import("./commands/diff.ts")).diffCommand,
  },
  {
    name: "cat",
    summary: "print a file of a packed skill",
    group: IMAGES,
    load: async () => (await import("./commands/cat.ts")).catCommand,
  },
  {
    name: "rm",
    aliases: ["delete"],
    summary: "remove images from the store",
    group: IMAGES,
    load: async () => (await import("./commands/rm.ts")).rmCommand,
  },
  {
    name: "push",
    summary: "send images to a registry",
    group: REGISTRY,
    load: async () => (await import("./commands/push.ts")).pushCommand,
  },
  {
    name: "pull",
    summary: "fetch images from a registry",
    group: REGISTRY,
    load: async () => (await import("./commands/pull.ts")).pullCommand,
  },
  {
    name: "copy",
    summary: "copy images from one registry to another",
    group: REGISTRY,
    load: async () => (await import("./commands/copy.ts")).copyCommand,
  },
  {
    name: "history",
    summary: "show who promoted a skill, when and why",
    group: REGISTRY,
    load: async () => (await import("./commands/history.ts")).historyCommand,
  },
  {
    name: "ci",
    summary: "check, push and promote what changed in a repository",
    group: REGISTRY,
    load: async () => (await import("./commands/ci.ts")).ciCommand,
  },
  {
    name: "login",
    summary: "keep a registry's credentials, after trying them",
    group: REGISTRY,
    load: async () => (await import("./commands/login.ts")).loginCommand,
  },
  {
    name: "logout",
    summary: "forget a registry's credentials",
    group: REGISTRY,
    load: async () => (await import("./commands/logout.ts")).logoutCommand,
  },
  {
    name: "mount",
    summary: "print what mounts skills in an agent's container",
    group: MOVE,
    load: async () => (await import("./commands/mount.ts")).mountCommand,
  },
  {
    name: "unpack",
    summary: "write a skill's files into a directory",
    group: MOVE,
    load: async () => (await import("./commands/unpack.ts")).unpackCommand,
  },
  {
    name: "export",
    aliases: ["save"],
    summary: "write images to a tar archive",
    group: MOVE,
    load: async () => (await import("./commands/export.ts")).exportCommand,
  },
  {
    name: "import",
    aliases: ["load"],
    summary: "read images from a tar archive",
    group: MOVE,
    load: async () => (await import("./commands/import.ts")).importCommand,
  },
  {
    name: "prune",
    summary: "remove superseded tags and unreferenced content",
    group: STORE,
    load: async () => (await import("./commands/prune.ts")).pruneCommand,
  },
  {
    name: "fsck",
    summary: "check the store, or a registry, for damage",
    group: STORE,
    load: async () => (await import("./commands/fsck.ts")).fsckCommand,
  },
  {
    name: "serve",
    summary: "run a registry of your own",
    group: SERVER,
    load: async () => (await import("./commands/serve.ts")).serveCommand,
  },
  {
    name: "robot",
    summary: "make and end passwords for programs",
    group: SERVER,
    load: async () => (await import("./commands/robot.ts")).robotCommand,
  },
  {
    name: "gc",
    summary: "free what a registry's images do not need",
    group: SERVER,
    load: async () => (await import("./commands/gc.ts")).gcCommand,
  },
  {
    name: "scrub",
    summary: "read everything in a registry, and find damage",
    group: SERVER,
    load: async () => (await import("./commands/scrub.ts")).scrubCommand,
  },
  {
    name: "backup",
    summary: "copy a registry, in use or not, into a directory",
    group: SERVER,
    load: async () => (await import("./commands/backup.ts")).backupCommand,
  },
  {
    name: "restore",
    summary: "fill a new registry from a backup",
    group: SERVER,
    load: async () => (await import("./commands/restore.ts")).restoreCommand,
  },
  {
    name: "config",
    summary: "read and change settings",
    group: OTHER,
    load: async () => (await import("./commands/config.ts")).configCommand,
  },
  {
    name: "completion",
    summary: "print a shell's completion script",
    group: OTHER,
    load: async () => (await import("./commands/completion.ts")).completionCommand,
  },
  {
    name: "version",
    summary: "print the version",
    group: OTHER,
    load: async () => (await import("./commands/version.ts")).versionCommand,
  },
  {
    name: "help",
    summary: "explain a command, with examples",
    group: OTHER,
    load: async () => (await import("./commands/help.ts")).helpCommand,
  },
  {
    name: "__complete",
    summary: "answer a shell's completion script",
    group: OTHER,
    hidden: true,
    load: async () => (await import("./commands/complete.ts")).completeCommand,
  },
];
