import { writing as writingIn, type Place } from "../../../store/layout/failure.ts";

const REGISTRY: Place = { noun: "registry", flag: "--root" };

/** Runs work that writes below `path`, in the directory of a registry. Throws `STORE_UNWRITABLE`, and what `work` throws but failures of the file system. */
export async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  return writingIn(path, work, REGISTRY);
}
