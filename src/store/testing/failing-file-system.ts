/** A file system that fails on demand, as disks do. */
import { nodeFileSystem, type FileSystem, type OpenFile } from "../layout/file-system.ts";

export type FileOperation = keyof FileSystem | "read" | "write" | "truncate" | "sync" | "close";

/** Decides for every operation whether it fails: an errno such as `ENOSPC`, or `undefined` to let it happen. */
export type Fault = (operation: FileOperation, path: string) => string | undefined;

export function failingFileSystem(fault: Fault, fs: FileSystem = nodeFileSystem): FileSystem {
  const check = (operation: FileOperation, path: string): void => {
    const code = fault(operation, path);
    if (code !== undefined) throw Object.assign(new Error(`${code}: injected, ${operation} '${path}'`), { code });
  };
  const file = (path: string, opened: OpenFile): OpenFile => ({
    read: async (buffer, position) => (check("read", path), opened.read(buffer, position)),
    write: async (bytes) => (check("write", path), opened.write(bytes)),
    truncate: async (size) => (check("truncate", path), opened.truncate(size)),
    sync: async () => (check("sync", path), opened.sync()),
    close: async () => opened.close(),
  });
  return {
    open: async (path) => (check("open", path), file(path, await fs.open(path))),
    create: async (path) => (check("create", path), file(path, await fs.create(path))),
    append: async (path) => (check("append", path), file(path, await fs.append(path))),
    readFile: async (path, limit) => (check("readFile", path), fs.readFile(path, limit)),
    status: async (path) => (check("status", path), fs.status(path)),
    list: async (path) => (check("list", path), fs.list(path)),
    makeDirectory: async (path) => (check("makeDirectory", path), fs.makeDirectory(path)),
    rename: async (from, to) => (check("rename", to), fs.rename(from, to)),
    link: async (existing, path) => (check("link", path), fs.link(existing, path)),
    unlink: async (path) => (check("unlink", path), fs.unlink(path)),
    touch: async (path, time) => (check("touch", path), fs.touch(path, time)),
    syncDirectory: async (path) => (check("syncDirectory", path), fs.syncDirectory(path)),
  };
}
