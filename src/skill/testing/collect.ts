/** All items of an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The text that a stream of bytes is. */
export async function text(content: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await collect(content)).toString();
}
