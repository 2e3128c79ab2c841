// Addresses behind the hash.
import { describe, expect, it } from "vitest";
import { href, matchPath, readHash } from "../../../explorer/src/router.ts";

describe("the router", () => {
  it("reads a path and a query behind the hash, and takes anything else for the first page", () => {
    expect(readHash("#/verify?model=0x1&epoch=2")).toMatchObject({ path: "/verify" });
    expect(readHash("#/verify?model=0x1&epoch=2").query.get("epoch")).toBe("2");
    for (const hash of ["", "#", "#main", "#javascript:alert(1)"]) expect(readHash(hash).path).toBe("/");
  });

  it("matches patterns part by part", () => {
    expect(matchPath("/", "/")).toEqual({});
    expect(matchPath("/models/:id/epochs/:number", "/models/0xab/epochs/3")).toEqual({
      id: "0xab",
      number: "3",
    });
    expect(matchPath("/models/:id", "/models/a%20b/")).toEqual({ id: "a b" });
    expect(matchPath("/models/:id", "/models/%")).toEqual({ id: "%" });
    for (const path of ["/", "/models", "/models/1/epochs", "/model/1"]) {
      expect([path, matchPath("/models/:id", path)]).toEqual([path, undefined]);
    }
  });

  it("writes addresses that it reads again", () => {
    const { path, query } = readHash(href("/verify", { model: "a&b=c d" }));
    expect([path, query.get("model")]).toEqual(["/verify", "a&b=c d"]);
  });
});
