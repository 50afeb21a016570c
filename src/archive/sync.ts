import { open } from "node:fs/promises";

/** Makes a directory's entries durable. Systems that cannot open directories (Windows) do without. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform !== "win32") await syncFile(directory, "r");
}

/** Makes a file's bytes durable. */
export async function syncFile(path: string, flags = "r+"): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
