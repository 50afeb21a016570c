/** A server that does nothing but stream bodies to and from files, without a hash or a flush: what node:http can do on this disk. */
import { createReadStream, createWriteStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";

const [directory, port] = process.argv.slice(2);

createServer(async (request, response) => {
  const file = join(directory, basename(request.url));
  try {
    if (request.method === "PUT") {
      await pipeline(request, createWriteStream(file));
      response.writeHead(201).end();
    } else {
      response.setHeader("content-length", statSync(file).size);
      await pipeline(createReadStream(file), response);
    }
  } catch {
    // A client that has all it wants may be gone before the last piece is said to be sent.
    if (response.headersSent) response.destroy();
    else response.writeHead(404).end();
  }
}).listen(Number(port), "127.0.0.1");
