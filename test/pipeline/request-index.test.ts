// The index of requests says what the journals say: after kills, restored backups and damage, and without
// reading what it knows. What is "answered" here are receipts in journals, as the service keeps them.
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { KeyValueError, openKeyValue } from "../../pipeline/engine/level.ts";
import { openProject, type Project } from "../../pipeline/project.ts";
import {
  openReceiptStore,
  placedReceipts,
  receiptFolders,
  receiptsFolder,
  writeCopy,
} from "../../pipeline/receipt-store.ts";
import type { Receipt } from "../../pipeline/receipts.ts";
import { openRequestIndex, requestIndexFolder } from "../../pipeline/request-index.ts";
import {
  ReceiptUnknownError,
  RequestIndexError,
  receiptAt,
  receiptOfRequest,
} from "../../pipeline/request-receipt.ts";
import { sha256 } from "../../pipeline/store.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-index-"));
const projects: Project[] = [];
afterAll(() => {
  for (const project of projects) project.close();
  rmSync(folder, { recursive: true, force: true });
});

const MODELS = [`0x${"a1".repeat(32)}`, `0x${"b2".repeat(32)}`] as const;
const [MODEL] = MODELS;
let requests = 0;
const newId = (): string => `0x${sha256(`request ${requests++}`)}`;

function newProject(): Project {
  const project = openProject({ folder: join(folder, String(projects.length)), create: { profile: "tiny" } });
  projects.push(project);
  return project;
}

const receiptOf = (modelId: string, epoch: number, sequence: number, requestId: string): Receipt => ({
  ...{ format: "quittance-receipt/2", profile: "tiny", chainId: 31337, epochs: "0x", operator: "0x" },
  ...{ modelId, epoch, sequence, requestId, issuedAt: "", backbone: "", unproven: false, payer: "0x" },
  ...{ feeUnits: 1, leaf: BigInt(sequence), dueBy: 1, signature: "0x" },
  opening: { features: new Int8Array(4), answer: 0, digest: 1n, salt: 2n },
});

type Index = Awaited<ReturnType<typeof openRequestIndex>>;

/** Keeps answers as a core that answers does: in the journal first, then in the index, where there is one. */
async function answer(
  project: Project,
  index: Index | undefined,
  ids: readonly string[],
  [modelId, epoch]: readonly [string, number] = [MODEL, 1],
): Promise<void> {
  const store = await openReceiptStore(receiptsFolder(project.folder, modelId, epoch));
  const answers = ids.map((id, at) => ({ receipt: receiptOf(modelId, epoch, store.count() + at, id) }));
  const places = await store.append({ answers, vouchers: [] });
  await store.close();
  index?.add(places.map((place, at) => ({ requestId: ids[at] ?? "", place })));
}

/** Opens the index, and gives what it noticed. */
async function opened(project: Project): Promise<Index & { readonly notices: string[] }> {
  const notices: string[] = [];
  return { ...(await openRequestIndex(project, (text) => notices.push(text))), notices };
}

const allOf = (project: Project) => receiptFolders(project).flatMap((one) => placedReceipts(one));
const expectSame = (project: Project, index: Index): void => {
  for (const { receipt, place } of allOf(project)) expect(index.find(receipt.requestId)).toEqual(place);
};
const journalOf = (project: Project, epoch = 1, model: string = MODEL): string =>
  join(receiptsFolder(project.folder, model, epoch), "answers.jsonl");
const reindex = async (project: Project, ids: readonly string[] = []): Promise<string[]> => {
  const index = await opened(project);
  expectSame(project, index);
  for (const id of ids) expect(index.find(id)).toBeUndefined();
  await index.close();
  return index.notices;
};

describe("the index of requests", () => {
  it("finds at once what was added, and after a restart, across epochs and models, in any case", async () => {
    const project = newProject();
    const index = await opened(project);
    const ids: string[] = [];
    for (const place of MODELS.flatMap((model) => [1, 2, 3].map((epoch) => [model, epoch] as const))) {
      const batch = [newId(), newId(), newId()];
      expect(batch.map((id) => index.find(id))).toEqual([undefined, undefined, undefined]);
      await answer(project, index, batch, place);
      ids.push(...batch);
      for (const id of ids) {
        const found = index.find(id.toUpperCase().replace("0X", "0x"));
        expect(found && receiptAt(id, found).requestId).toBe(id);
      }
    }
    await index.close();
    expect(await reindex(project, [newId(), "not a number", ""])).toEqual([]);
  });

  it("is made again when it is deleted, and says so", async () => {
    const project = newProject();
    await answer(project, undefined, [newId(), newId()]);
    expect(await reindex(project)).toEqual([expect.stringMatching(/was made from 2 answers/)]);
    expect(await reindex(project)).toEqual([]);
    rmSync(project.path("cache"), { recursive: true });
    expect(await reindex(project)).toEqual([expect.stringMatching(/was made from 2 answers/)]);
    expect(statSync(requestIndexFolder(project)).mode & 0o077).toBe(0);
  });

  it("takes up what a kill between journal and index left out, and a torn line later", async () => {
    const project = newProject();
    const index = await opened(project);
    await answer(project, index, [newId()]);
    await index.flush();
    await index.close();
    const before = join(folder, "before");
    cpSync(requestIndexFolder(project), before, { recursive: true });
    const late = await opened(project);
    await answer(project, late, [newId(), newId()]);
    await answer(project, late, [newId()], [MODEL, 2]);
    await late.close();
    // The last batches of the index are lost, the journals are not.
    rmSync(requestIndexFolder(project), { recursive: true });
    cpSync(before, requestIndexFolder(project), { recursive: true });
    writeFileSync(journalOf(project), "0123456789abcdef {torn", { flag: "a" });
    expect(await reindex(project)).toEqual([]);
    // Opening the journal for writing cuts the torn line off; the index never knew it.
    const again = await opened(project);
    await answer(project, again, [newId()]);
    expectSame(project, again);
    await again.close();
    expect(await reindex(project)).toEqual([]);
  });

  it("reads nothing of a journal that it knows to its end", async () => {
    const project = newProject();
    for (const epoch of [1, 1, 2]) await answer(project, undefined, [newId(), newId()], [MODEL, epoch]);
    const [old] = allOf(project);
    await reindex(project);
    const path = journalOf(project);
    const whole = readFileSync(path);
    writeFileSync(path, whole.toString().replace(/[0-9a-f]/, "x"));
    const index = await opened(project);
    await answer(project, index, [newId()], [MODEL, 2]);
    expect([index.find(old?.receipt.requestId ?? ""), index.notices]).toEqual([old?.place, []]);
    await index.close();
    // Whoever has to read it hears what it is.
    rmSync(project.path("cache"), { recursive: true });
    await expect(opened(project)).rejects.toThrow(/is damaged/);
    writeFileSync(path, whole);
    await reindex(project);
  });

  it("indexes a restored journal again: shorter, another, or longer in another way", async () => {
    const project = newProject();
    const path = journalOf(project);
    const [kept, lost, other] = [newId(), newId(), newId()];
    await answer(project, undefined, [kept]);
    const backup = readFileSync(path);
    await answer(project, undefined, [lost]);
    const whole = readFileSync(path);
    await reindex(project);
    const again = [expect.stringMatching(/is another than the index of requests knew/)];

    writeFileSync(path, backup);
    expect(await reindex(project, [lost])).toEqual(again);
    writeFileSync(path, whole);
    expect(await reindex(project)).toEqual([]);
    // The backup went on without the index, past the place up to which it was indexed.
    writeFileSync(path, backup);
    await answer(
      project,
      undefined,
      Array.from({ length: 5 }, () => newId()),
    );
    expect(readFileSync(path).length).toBeGreaterThan(whole.length);
    expect(await reindex(project, [lost])).toEqual(again);
    rmSync(path);
    await answer(
      project,
      undefined,
      Array.from({ length: 9 }, () => newId()),
    );
    expect(await reindex(project, [kept, lost])).toEqual(again);
    rmSync(receiptsFolder(project.folder, MODEL, 1), { recursive: true });
    await answer(project, undefined, [other], [MODEL, 2]);
    expect(await reindex(project, [kept])).toEqual([expect.stringMatching(/is gone/)]);
  });

  it("is made again where it is damaged, of another version, or another project's", async () => {
    const project = newProject();
    await answer(project, undefined, [newId(), newId()]);
    const path = requestIndexFolder(project);
    const filesOf = (kind: RegExp): string[] => readdirSync(path).filter((file) => kind.test(file));
    const overwrite = (kind: RegExp): void => {
      const files = filesOf(kind);
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) writeFileSync(join(path, file), "damaged".repeat(300));
    };
    await reindex(project);
    for (const kind of [/^CURRENT$/, /^MANIFEST/, /\.ldb$/]) {
      // The second opening writes what the log held into a table.
      await reindex(project);
      overwrite(kind);
      expect([String(kind), await reindex(project)]).toEqual([
        String(kind),
        [expect.stringMatching(/made again from the journals/), expect.stringMatching(/from 2 answers/)],
      ]);
    }
    const map = await openKeyValue(path);
    await map.write([["version", "quittance-requests/0"]], false);
    await map.close();
    expect((await reindex(project))[0]).toMatch(/another version/);
    const stranger = newProject();
    const strange = newId();
    await answer(stranger, undefined, [strange], [MODELS[1], 7]);
    await reindex(stranger);
    rmSync(path, { recursive: true });
    cpSync(requestIndexFolder(stranger), path, { recursive: true });
    expect(await reindex(project, [strange])).toEqual([expect.stringMatching(/is gone/)]);
  });

  it("indexes the single files that earlier versions kept, and the journal that follows them", async () => {
    const project = newProject();
    const epoch = receiptsFolder(project.folder, MODEL, 1);
    for (const sequence of [0, 1]) writeCopy(epoch, receiptOf(MODEL, 1, sequence, newId()));
    await reindex(project);
    const index = await opened(project);
    expectSame(project, index);
    await answer(project, index, [newId()]);
    expect(allOf(project)).toHaveLength(3);
    expectSame(project, index);
    await index.close();
    expect(await reindex(project)).toEqual([]);
  });

  it("is held against the answers of open epochs, and healed where it lacks one", async () => {
    const project = newProject();
    const ids = [newId(), newId(), newId()];
    await answer(project, undefined, ids);
    await reindex(project);
    // What a power cut can do: a write in the middle is gone.
    const map = await openKeyValue(requestIndexFolder(project));
    const keys: string[] = [];
    for await (const [key] of map.under("r/")) keys.push(key);
    expect(keys).toHaveLength(3);
    await map.write([[`r/${keys[1]}`, undefined]], true);
    await map.close();
    const index = await opened(project);
    expect(ids.filter((id) => index.find(id) === undefined)).toHaveLength(1);
    const requestsOf = allOf(project).map(({ receipt, place }) => ({ requestId: receipt.requestId, place }));
    index.check(receiptsFolder(project.folder, MODEL, 1), requestsOf);
    expect(index.notices).toEqual([expect.stringMatching(/was not what/)]);
    expectSame(project, index);
    index.check(receiptsFolder(project.folder, MODEL, 1), requestsOf);
    expect(index.notices).toHaveLength(1);
    // Its last line is not whole after all, although it is as long as it was.
    await answer(project, index, [newId()]);
    const [torn] = allOf(project).slice(-1);
    const bytes = readFileSync(journalOf(project));
    writeFileSync(journalOf(project), bytes.fill("x", bytes.length - 9, bytes.length - 1));
    index.check(receiptsFolder(project.folder, MODEL, 1), requestsOf);
    expect(index.notices).toHaveLength(2);
    expect([allOf(project).length, index.find(torn?.receipt.requestId ?? "")]).toEqual([3, undefined]);
    await index.close();
    expect(await reindex(project)).toEqual([]);
  });

  it("answers no request once it cannot tell, and is made again at the next start", async () => {
    const project = newProject();
    const ids = Array.from({ length: 600 }, newId);
    await answer(project, undefined, ids);
    for (const _ of [1, 2]) await reindex(project);
    const tables = readdirSync(requestIndexFolder(project)).filter((file) => file.endsWith(".ldb"));
    const path = join(requestIndexFolder(project), tables[0] ?? "");
    // In the middle are requests; what is read at the start is not.
    writeFileSync(path, readFileSync(path).fill(0xff, 12_000, 20_000));
    const index = await opened(project);
    expect(index.notices).toEqual([]);
    const failure = (id: string): unknown => {
      try {
        index.find(id);
        return undefined;
      } catch (error) {
        return error;
      }
    };
    const failures = ids.map(failure).filter((error) => error !== undefined);
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.every((error) => error instanceof KeyValueError && error.reason === "damaged")).toBe(
      true,
    );
    for (const id of [...ids, newId()]) expect(failure(id)).toBe(failures[0]);
    await index.close();
    expect(await reindex(project)).toEqual([
      expect.stringMatching(/found damaged.*made again/),
      expect.stringMatching(/from 600 answers/),
    ]);
    expect(await reindex(project)).toEqual([]);
  });

  it("answers none either once an answer could not be indexed", async () => {
    const project = newProject();
    const ids = [newId(), newId()];
    await answer(project, undefined, ids.slice(0, 1));
    await reindex(project);
    const index = await opened(project);
    // A folder that cannot be read stands for a disk that fails between journal and index.
    const place = { folder: join(folder, "file"), index: 0, line: { offset: 40, length: 10 } };
    writeFileSync(place.folder, "no folder");
    index.add([{ requestId: ids[1] ?? "", place }]);
    expect(index.notices).toEqual([expect.stringMatching(/No request is answered/)]);
    for (const id of ids) expect(() => index.find(id)).toThrow(/ENOTDIR/);
    await index.close();
    expect(await reindex(project)).toEqual([]);
  });

  it("gives a receipt by its request, with the index, and without where that is open elsewhere", async () => {
    const project = newProject();
    const ids = [newId(), newId()];
    await answer(project, undefined, ids.slice(0, 1));
    await answer(project, undefined, ids.slice(1), [MODELS[1], 4]);
    const idsFound = async (): Promise<string[]> =>
      Promise.all(ids.map(async (id) => (await receiptOfRequest(project, id)).requestId));
    for (const id of ids) expect((await receiptOfRequest(project, id.toUpperCase())).requestId).toBe(id);
    await expect(receiptOfRequest(project, newId())).rejects.toThrow(ReceiptUnknownError);
    expect(existsSync(requestIndexFolder(project))).toBe(true);
    const index = await opened(project);
    const busy = await openRequestIndex(project).catch((error: unknown) => error);
    expect(busy instanceof KeyValueError && busy.reason).toBe("busy");
    expect(await idsFound()).toEqual(ids);
    await expect(receiptOfRequest(project, newId())).rejects.toThrow(ReceiptUnknownError);
    const place = index.find(ids[0] ?? "");
    expect(() => receiptAt(newId(), place as NonNullable<typeof place>)).toThrow(RequestIndexError);
    await index.close();
  });
});

/** What may happen to a project between two looks at it. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ answers: fc.integer({ min: 1, max: 4 }), to: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.constant("restart" as const) },
  { weight: 1, arbitrary: fc.constantFrom("delete", "keep index", "old index", "without index") },
  { weight: 1, arbitrary: fc.record({ cut: fc.nat(3), share: fc.double({ min: 0, max: 1, noNaN: true }) }) },
);

it("says what a scan of the journals says, whatever happened", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { minLength: 3, maxLength: 14 }), async (story) => {
      const project = newProject();
      const places = MODELS.flatMap((model) => [1, 2].map((epoch) => [model, epoch] as const));
      const kept = join(project.folder, "kept-index");
      const everything = new Set<string>();
      let index: Index | undefined = await opened(project);
      const stop = async (): Promise<void> => {
        await index?.close();
        index = undefined;
      };
      for (const event of story) {
        if (typeof event === "object" && "to" in event) {
          const ids = Array.from({ length: event.answers }, newId);
          for (const id of ids) everything.add(id);
          await answer(project, index, ids, places[event.to]);
          continue;
        }
        await stop();
        if (event === "without index") continue;
        const path = requestIndexFolder(project);
        if (event === "keep index") {
          rmSync(kept, { recursive: true, force: true });
          cpSync(path, kept, { recursive: true });
        } else if (event === "old index" && existsSync(kept)) {
          rmSync(path, { recursive: true, force: true });
          cpSync(kept, path, { recursive: true });
        } else if (event === "delete") rmSync(path, { recursive: true, force: true });
        else if (typeof event === "object") {
          const [model, epoch] = places[event.cut] ?? [MODEL, 1];
          const journal = journalOf(project, epoch, model);
          if (existsSync(journal))
            truncateSync(journal, Math.floor(event.share * readFileSync(journal).length));
        }
        index = await opened(project);
      }
      await stop();
      index = await opened(project);
      expectSame(project, index);
      const known = new Set(allOf(project).map(({ receipt }) => receipt.requestId));
      for (const id of everything) expect([id, index.find(id) !== undefined]).toEqual([id, known.has(id)]);
      await stop();
    }),
    { numRuns: 40 },
  );
}, 120_000);
