/**
 * Makes few files of the many into which esbuild splits a program.
 *
 * esbuild gives every set of entry points that share code a chunk of its own. Where each command is an entry point, that is
 * some thirty small files a call, and for Node to find, load and link those takes longer than to compile what is in
 * them. So what calls need becomes one file; the large parts stay apart, for those to load who need them.
 */
import { basename } from "node:path";
import { build } from "esbuild";

/** How many bytes of packages, other than those that every call needs, keep a chunk apart. */
const LARGE = 10_000;

/**
 * Merges the result of a build with `splitting`, `metafile` and `write: false`: the chunks that the entry point `core`
 * and those under `commands` need go into one file, unless the entry point `start` needs them before, or they need a
 * large one themselves, or code from one of the directories `apart`, which most calls never run. What is imported lazily
 * otherwise stays lazy. Resolves to output files, minified with `options`.
 */
export async function mergeChunks(result, { start, core, commands, apart, ...options }) {
  const chunks = readChunks(result, apart);
  const nameOf = (source) => [...chunks].find(([, { entryPoint }]) => entryPoint === source)[0];
  const closureOf = (name, seen = new Set()) => {
    if (!seen.has(name)) for (const each of (seen.add(name), chunks.get(name).needs)) closureOf(each, seen);
    return seen;
  };

  const coreName = nameOf(core);
  const [before, always] = [closureOf(nameOf(start)), closureOf(coreName)];
  const entries = [...chunks.keys()].filter((name) => chunks.get(name).entryPoint?.startsWith(commands));
  const needed = new Set([coreName, ...entries].flatMap((name) => [...closureOf(name)]));
  const isLarge = (name) => (chunks.get(name).packaged >= LARGE || chunks.get(name).isApart) && !always.has(name);
  const merged = [...needed].filter((name) => !before.has(name) && ![...closureOf(name)].some(isLarge));

  const { outputFiles } = await build({
    ...options,
    entryPoints: [coreName, ...[...chunks.keys()].filter((name) => !merged.includes(name))],
    plugins: [mergePlugin(chunks, merged, coreName)],
    bundle: true,
    minify: true,
    write: false,
  });
  return outputFiles;
}

/** The chunks of a build by name: their text, their exports, the names of those that they import. */
function readChunks({ outputFiles, metafile }, apart) {
  const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const chunks = Object.entries(metafile.outputs).map(([path, { imports, exports, entryPoint, inputs }]) => {
    const needs = imports.filter(({ external, kind }) => !external && kind === "import-statement");
    const packages = Object.entries(inputs).filter(([file]) => file.includes("node_modules/"));
    const chunk = {
      text: texts.get(basename(path)),
      exports,
      entryPoint,
      needs: needs.map((each) => basename(each.path)),
      isApart: Object.keys(inputs).some((file) => apart.some((directory) => file.startsWith(directory))),
      packaged: packages.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0),
    };
    return [basename(path), chunk];
  });
  return new Map(chunks);
}

/** Puts merged chunks into that of the core, and has the others import from there what they import from those. */
function mergePlugin(chunks, merged, coreName) {
  /** Two chunks may export one name; in the core each has the number of its chunk. */
  const numbered = (name) => chunks.get(name).exports.map((each) => [each, `${each}_${merged.indexOf(name)}`]);
  const reexport = (from, pairs) => `export {${pairs.map(([a, b]) => `${a} as ${b}`).join(", ")}} from "./${from}";`;

  /** What is in the same file is there: left as it is, esbuild would wrap every module, to run it when it is asked for. */
  const withinCore = (text) => {
    const imports = new Set();
    const direct = text.replaceAll(/\bimport\("\.\/([\w.-]+)"\)/g, (dynamic, name) => {
      if (!merged.includes(name)) return dynamic;
      imports.add(`import * as chunk${merged.indexOf(name)} from "./${name}";\n`);
      return `Promise.resolve(chunk${merged.indexOf(name)})`;
    });
    return [...imports, direct].join("");
  };

  return {
    name: "merge-chunks",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /\.js$/ }, ({ path, importer, kind, namespace }) => {
        const name = basename(path);
        if (kind === "entry-point") return { path: name, namespace: name === coreName ? "core" : "chunk" };
        if (!chunks.has(name)) return undefined;
        if (!merged.includes(name) || namespace === "alias") return { path: `./${name}`, external: true };
        if (namespace === "core" || merged.includes(importer)) return { path: name, namespace: "chunk" };
        if (kind !== "dynamic-import") return { path: name, namespace: "alias" };
        if (name === coreName) return { path: `./${name}`, external: true };
        throw new Error(`${importer} imports, lazily, a chunk that is not a file any more: ${name}`);
      });
      onLoad({ filter: /./, namespace: "core" }, () => ({
        contents: [`export * from "./${coreName}";`, ...merged.map((name) => reexport(name, numbered(name)))].join(
          "\n",
        ),
      }));
      onLoad({ filter: /./, namespace: "chunk" }, ({ path }) => {
        const { text } = chunks.get(path);
        return { contents: merged.includes(path) ? withinCore(text) : text };
      });
      onLoad({ filter: /./, namespace: "alias" }, ({ path }) => ({
        contents: reexport(
          coreName,
          numbered(path).map(([a, b]) => [b, a]),
        ),
      }));
    },
  };
}
