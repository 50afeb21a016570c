import { join } from "node:path";

import { absentAsUndefined } from "../../../errno.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { reading } from "../../../store/layout/failure.ts";
import type { RegistryMark, RegistryMarks } from "../types.ts";
import type { RegistryPaths } from "./paths.ts";
import { writing } from "./writing.ts";

const MAX_MARK = 64 * 1024;

/** A file for each mark, with its text and a newline. */
export class FsMarks implements RegistryMarks {
  readonly #disk: Disk<RegistryPaths>;

  constructor(disk: Disk<RegistryPaths>) {
    this.#disk = disk;
  }

  async read(mark: RegistryMark): Promise<string | undefined> {
    const path = this.#path(mark);
    const bytes = await reading(path, async () => this.#disk.fs.readFile(path, MAX_MARK).catch(absentAsUndefined));
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes).replace(/\n$/, "");
  }

  async set(mark: RegistryMark, text: string): Promise<void> {
    const path = this.#path(mark);
    await writing(path, async () => {
      const temporary = await this.#disk.writeTemporary(new TextEncoder().encode(`${text}\n`));
      await this.#disk.settle(temporary, path);
    });
  }

  async clear(mark: RegistryMark): Promise<void> {
    if ((await this.read(mark)) === undefined) return;
    const path = this.#path(mark);
    await writing(path, async () => {
      await this.#disk.remove(path);
      await this.#disk.syncDirectory(this.#disk.paths.marks);
    });
  }

  #path(mark: RegistryMark): string {
    return join(this.#disk.paths.marks, mark);
  }
}
