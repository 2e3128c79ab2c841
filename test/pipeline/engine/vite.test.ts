// Builds of a small page: made once for each state of its sources, and never with a module of Node's in it.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { buildExplorer, ExplorerBuildError } from "../../../pipeline/engine/vite.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-vite-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const source = join(folder, "page");
const cache = join(folder, "cache");
const write = (name: string, text: string): void => {
  mkdirSync(join(source, "public"), { recursive: true });
  writeFileSync(join(source, name), text);
};
const build = (): ReturnType<typeof buildExplorer> => buildExplorer({ source, cache });
const textOf = (built: string): string => {
  const assets = join(built, "assets");
  return readdirSync(assets)
    .map((name) => readFileSync(join(assets, name), "utf8"))
    .join("\n");
};

describe("the build of the explorer", () => {
  it("is made once for each state of what goes into it", async () => {
    write("index.html", '<!doctype html><title>a</title><script type="module" src="./main.ts"></script>');
    write("main.ts", 'import { word } from "./word.ts";\nconsole.log(word);');
    write("word.ts", 'export const word: string = "first-word";');
    write("unused.ts", "export const never = 1;");
    write("public/icon.svg", "<svg/>");
    const first = await build();
    expect([first.built, textOf(first.folder).includes("first-word")]).toEqual([true, true]);
    expect(readFileSync(join(first.folder, "index.html"), "utf8")).toMatch(/src="\.\/assets\//);
    expect(await build()).toEqual({ folder: first.folder, built: false });

    write("unused.ts", "export const never = 2;");
    expect(await build()).toEqual({ folder: first.folder, built: false });
    write("word.ts", 'export const word: string = "second-word";');
    const second = await build();
    expect([second.built, textOf(second.folder).includes("second-word")]).toEqual([true, true]);
    write("public/icon.svg", "<svg></svg>");
    expect((await build()).built).toBe(true);
    write("index.html", readFileSync(join(source, "index.html"), "utf8").replace("<title>a", "<title>b"));
    expect((await build()).built).toBe(true);

    // What a reader may still be served from stays; what was never finished does not.
    expect(existsSync(join(second.folder, "index.html"))).toBe(true);
    expect(readdirSync(cache).filter((name) => name.startsWith("building-"))).toEqual([]);
    rmSync(join(cache, "inputs.json"));
    expect((await build()).built).toBe(true);
  });

  it("is refused where a browser would find nothing", async () => {
    write("word.ts", 'import { readFileSync } from "node:fs";\nexport const word = String(readFileSync);');
    await expect(build()).rejects.toThrow(ExplorerBuildError);
    await expect(build()).rejects.toThrow(/word\.ts imports node:fs, which no browser has/);
    write("word.ts", "export const word = ;");
    await expect(build()).rejects.toThrow(ExplorerBuildError);
    expect(readdirSync(cache).filter((name) => name.startsWith("building-"))).toEqual([]);
  });
});
