/** The local chain: what one process did, the next one sees; what was half written was never done. */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Chain } from "../../../pipeline/chain/chain.ts";
import { balanceOf, chainTime, send } from "../../../pipeline/chain/client.ts";
import { openLocalChain } from "../../../pipeline/chain/local.ts";
import { accountOf } from "../../../pipeline/engine/ethers.ts";

const account = accountOf(`0x${"11".repeat(32)}`);
const friend = accountOf(`0x${"22".repeat(32)}`);
const COIN = 10n ** 18n;

let folder: string;
let logFile: string;
let notices: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quittance-chain-"));
  logFile = join(folder, "chain.jsonl");
  notices = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (): Promise<Chain> => openLocalChain({ logFile, onNotice: (text) => notices.push(text) });
const tip = async (chain: Chain): Promise<string> =>
  (
    (await chain.provider.request({ method: "eth_getBlockByNumber", params: ["latest", false] })) as {
      hash: string;
    }
  ).hash;
const use = async <T>(work: (chain: Chain) => Promise<T>): Promise<T> => {
  const chain = await open();
  try {
    return await work(chain);
  } finally {
    await chain.close();
  }
};
const pay = (chain: Chain, wei = 5n) =>
  send(chain, account, { to: friend.address, data: "0x", valueWei: wei });

describe("openLocalChain", () => {
  it("shows every later process the same chain, block for block", async () => {
    const first = await use(async (chain) => {
      await chain.fund(account.address, COIN);
      await pay(chain);
      await chain.travel(86_400);
      await pay(chain, 7n);
      return {
        tip: await tip(chain),
        time: await chainTime(chain),
        left: await balanceOf(chain, account.address),
      };
    });
    const second = await use(async (chain) => ({
      tip: await tip(chain),
      time: await chainTime(chain),
      left: await balanceOf(chain, account.address),
    }));
    expect(second).toEqual(first);
    expect(await use((chain) => balanceOf(chain, friend.address))).toBe(12n);
    expect(notices).toEqual([]);
  });

  it("adds a gift to what is there", async () => {
    await use((chain) => chain.fund(friend.address, 3n));
    await use((chain) => chain.fund(friend.address, 4n));
    expect(await use((chain) => balanceOf(chain, friend.address))).toBe(7n);
  });

  it("takes simultaneous calls one after the other", async () => {
    const friends = [3, 4, 5, 6, 7].map((i) => accountOf(`0x${String(i).repeat(64)}`));
    await use(async (chain) => {
      await Promise.all(friends.map(({ address }, i) => chain.fund(address, COIN + BigInt(i))));
      await Promise.all(
        friends.map((one) => send(chain, one, { to: friend.address, data: "0x", valueWei: 1n })),
      );
    });
    expect(await use((chain) => balanceOf(chain, friend.address))).toBe(5n);
  });

  it("drops a torn last line with a notice, and goes on from there", async () => {
    await use(async (chain) => {
      await chain.fund(account.address, COIN);
      await pay(chain);
    });
    const whole = readFileSync(logFile);
    for (const cut of [1, 10, 200]) {
      writeFileSync(logFile, whole);
      truncateSync(logFile, whole.length - cut);
      notices = [];
      expect(await use((chain) => balanceOf(chain, friend.address))).toBe(0n);
      expect(notices).toHaveLength(1);
      expect(notices[0]).toMatch(/not finished/);
      await use((chain) => pay(chain));
      expect(await use((chain) => balanceOf(chain, friend.address))).toBe(5n);
      expect(notices).toHaveLength(1);
    }
  });

  it("starts afresh when not even the first line was finished", async () => {
    writeFileSync(logFile, '{"format":"quittance-ch');
    expect(await use((chain) => balanceOf(chain, friend.address))).toBe(0n);
    expect(notices).toHaveLength(1);
    expect(readFileSync(logFile, "utf8").split("\n")).toHaveLength(2);
  });

  it("refuses a log that is damaged, of another chain, another version, or another history", async () => {
    await use(async (chain) => {
      await chain.fund(account.address, COIN);
      await pay(chain);
      await pay(chain);
    });
    const lines = readFileSync(logFile, "utf8").split("\n");
    const write = (change: (list: string[]) => void): void => {
      const copy = [...lines];
      change(copy);
      writeFileSync(logFile, copy.join("\n"));
    };
    write((list) => list.splice(1, 1, "{half"));
    await expect(open()).rejects.toMatchObject({ name: "ChainLog.Damaged" });
    write((list) => list.splice(1, 1, '{"do":"something else"}'));
    await expect(open()).rejects.toMatchObject({ name: "ChainLog.Damaged" });
    write((list) => list.splice(0, 1, (list[0] as string).replace("31337", "31338")));
    await expect(open()).rejects.toThrow(/of chain 31338/);
    write((list) => list.splice(0, 1, (list[0] as string).replace(/edr [0-9.]+/, "edr 0.1.0")));
    await expect(open()).rejects.toThrow(/made with edr 0\.1\.0/);
    write((list) => list.splice(0, 1, (list[0] as string).replace(/"genesisTime":\d+/, '"genesisTime":1')));
    await expect(open()).rejects.toThrow(/first block differs/);
    write((list) => list.splice(1, 1));
    await expect(open()).rejects.toMatchObject({ name: "LocalChain.Replay" });
    // Nothing of that was written to: the true log still replays.
    write(() => {});
    expect(await use((chain) => balanceOf(chain, friend.address))).toBe(10n);
  });

  it("is one process's at a time, and a dead process's lock is taken over", async () => {
    const chain = await open();
    await expect(open()).rejects.toMatchObject({ name: "Lock.Held" });
    await chain.close();
    const dead = spawnSync(process.execPath, ["-e", "process.stdout.write(String(process.pid))"]);
    writeFileSync(`${logFile}.lock`, dead.stdout);
    await (await open()).close();
    writeFileSync(`${logFile}.lock`, String(process.ppid));
    await expect(open()).rejects.toThrow(String(process.ppid));
    rmSync(`${logFile}.lock`);
    expect(existsSync(logFile)).toBe(true);
  });

  it("survives a kill in the middle of its work", async () => {
    const script = join(folder, "worker.ts");
    const chainModule = new URL("../../../pipeline/chain/", import.meta.url).pathname;
    writeFileSync(
      script,
      `import { openLocalChain } from "${chainModule}local.ts";
       import { send } from "${chainModule}client.ts";
       import { accountOf } from "${chainModule}../engine/ethers.ts";
       const chain = await openLocalChain({ logFile: ${JSON.stringify(logFile)} });
       const account = accountOf("${account.privateKey}");
       await chain.fund(account.address, 10n ** 18n);
       for (let i = 0; i < 3; i++) {
         await send(chain, account, { to: "${friend.address}", data: "0x", valueWei: 5n });
       }
       process.kill(process.pid, "SIGKILL");`,
    );
    const killed = spawnSync(process.execPath, [script], { encoding: "utf8" });
    expect(killed.signal, killed.stderr).toBe("SIGKILL");
    appendFileSync(logFile, '{"parent":"0x');
    expect(await use((chain) => balanceOf(chain, friend.address))).toBe(15n);
    expect(notices).toHaveLength(1);
  });

  it("refuses what would go past its log", async () => {
    await use(async (chain) => {
      for (const method of [
        "hardhat_setBalance",
        "evm_mine",
        "evm_revert",
        "eth_sendTransaction",
        "eth_sign",
      ]) {
        await expect(chain.provider.request({ method, params: [] })).rejects.toMatchObject({
          name: "LocalChain.PastLog",
        });
      }
    });
  });

  it("keeps no line of a transaction that it refused, and takes nothing for one that is none", async () => {
    await use(async (chain) => {
      await chain.fund(account.address, COIN);
      const before = readFileSync(logFile, "utf8");
      for (const raw of [`0x${"ab".repeat(40)}`, "0x", "hello", {}, null, `0x${"a".repeat(41)}`]) {
        const call = { method: "eth_sendRawTransaction", params: [raw] };
        await expect(chain.provider.request(call), String(raw)).rejects.toThrow();
        expect(readFileSync(logFile, "utf8"), String(raw)).toBe(before);
      }
      await pay(chain);
    });
    expect(await use((chain) => balanceOf(chain, friend.address))).toBe(5n);
  });
});
