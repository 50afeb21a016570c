/**
 * Calls that take seconds, on Node 20. Its V8 compiles what has run for a moment once more, with all its art and on another thread; by the
 * end of such a call that has taken more processor time than it saved, and where there are two processors, from the work itself. Later versions
 * have a compiler in between and wait by themselves. docs/adr/0041-a-command-compiles-less.md
 */

/** The V8 whose setting this is. Others do not know it, and say so on stderr. */
const V8 = "11.3.";
/** How much of a function is run before it is compiled so, in bytes of its bytecode: here, and where nobody sets it. */
const PATIENT = 400_000;
const USUAL = 67_584;
/**
 * Milliseconds after which a call is one of those. By then what it needs is loaded: V8 takes no code that was compiled under other
 * settings, Node's own neither.
 */
const AFTER = 250;

/**
 * Makes V8 patient if the call takes long. What is returned makes it as it was; to be called before compiled code is kept for other
 * calls. `v8`: its version.
 */
export function compileLess(v8 = process.versions.v8): () => void {
  if (!v8.startsWith(V8)) return () => undefined;
  let isPatient = false;
  const timer = setTimeout(() => {
    isPatient = true;
    setBudget(PATIENT);
  }, AFTER).unref();
  return () => {
    clearTimeout(timer);
    if (isPatient) setBudget(USUAL);
  };
}

function setBudget(bytes: number): void {
  // Not imported: a short call need not load it.
  process.getBuiltinModule("node:v8").setFlagsFromString(`--interrupt-budget=${bytes}`);
}
