import { describe, expect, it } from "vitest";

import { SkillError } from "../../errors.ts";
import { readBounded } from "./body.ts";
import { serve } from "./testing/servers.ts";
import { closing, PIECE } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";

const transport = createTransport();

describe("a body that must be small", () => {
  it.each([true, false])("is read up to the limit and refused one byte over it, announced: %s", async (isAnnounced) => {
    const url = await serve((_, response) => {
      if (!isAnnounced) response.write("12");
      response.end(isAnnounced ? "12345" : "345");
    });
    const get = async (limit: number) => readBounded(await transport.send({ method: "GET", url }), limit);
    expect(Buffer.from(await get(5)).toString()).toBe("12345");
    await expect(get(4)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.stringContaining("4 bytes"),
    });
  });

  it("is refused with the caller's own error", async () => {
    const url = await serve((_, response) => void response.end("12345"));
    const tooLong = (): SkillError => new SkillError("MANIFEST_TOO_LARGE", "too long");
    const read = readBounded(await transport.send({ method: "GET", url }), 4, tooLong);
    await expect(read).rejects.toMatchObject({ code: "MANIFEST_TOO_LARGE" });
  });

  it("is not read on when it has no end", async () => {
    let sent = 0;
    let closed: Promise<void> | undefined;
    const url = await serve((request, response) => {
      closed = closing(request.socket);
      const more = (): void => {
        while (!response.destroyed && response.write(PIECE)) sent += 1;
      };
      response.on("drain", more);
      more();
    });
    await expect(readBounded(await transport.send({ method: "GET", url }), 1000)).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
    });
    await closed;
    expect(sent).toBeLessThan(500);
  });

  it("does not hold on to the connection's buffer", async () => {
    const url = await serve((_, response) => void response.end("small"));
    const bytes = await readBounded(await transport.send({ method: "GET", url }), 100);
    expect(bytes.buffer.byteLength).toBeLessThan(PIECE.byteLength);
  });
});
