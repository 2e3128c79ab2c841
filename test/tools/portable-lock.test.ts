import { describe, expect, it } from "vitest";
import { admitsFloor, type Lock, portableLock } from "../../tools/portable-lock.ts";

describe("admitsFloor", () => {
  it("knows which ranges Node 20.20 is in", () => {
    const admitted = [
      ">=18",
      ">= 20",
      ">=20.20.0",
      "^20.9.0 || >=22",
      "^18.0.0 || ^20.0.0",
      ">=14.21.3",
      "*",
    ];
    for (const range of admitted) expect([range, admitsFloor(range)]).toEqual([range, true]);
    const refused = [
      ">= 22",
      ">=20.21",
      ">=20.20.1",
      "^20.21.0 || >=22.12.0",
      "^18.0.0",
      "^22.0.0",
      "24.x",
      "<20",
    ];
    for (const range of refused) expect([range, admitsFloor(range)]).toEqual([range, false]);
  });
});

describe("portableLock", () => {
  const lock: Lock & { readonly lockfileVersion: number } = {
    lockfileVersion: 3,
    packages: {
      "node_modules/chain": { engines: { node: ">= 22" } },
      "node_modules/chain-linux-x64": {
        optional: true,
        os: ["linux"],
        cpu: ["x64"],
        engines: { node: ">= 22" },
      },
      "node_modules/old-linux-x64": { optional: true, os: ["linux"], engines: { node: ">=18" } },
      "node_modules/optional-js": { optional: true, engines: { node: ">= 22" } },
      "node_modules/fetched": { resolved: "https://packages.example/fetched.tgz" },
      "node_modules/linked": { resolved: "../linked" },
    },
  };

  it("frees native bindings that the oldest Node would skip, and nothing else", () => {
    const before = structuredClone(lock);
    const { lock: portable, changed } = portableLock(lock);
    expect(changed).toEqual(["node_modules/chain-linux-x64", "node_modules/fetched"]);
    expect(portable).toEqual({
      lockfileVersion: 3,
      packages: {
        ...before.packages,
        "node_modules/chain-linux-x64": { optional: true, os: ["linux"], cpu: ["x64"] },
        "node_modules/fetched": {},
      },
    });
    expect(lock).toEqual(before);
  });

  it("changes nothing the second time", () => {
    const { lock: portable } = portableLock(lock);
    expect(portableLock(portable)).toEqual({ lock: portable, changed: [] });
  });
});
