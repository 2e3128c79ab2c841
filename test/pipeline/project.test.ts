import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  openProject,
  ProjectBusyError,
  ProjectConfigError,
  ProjectMissingError,
} from "../../pipeline/project.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quittance-project-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a project folder", () => {
  it("keeps what was written to it", () => {
    const project = openProject({ folder, create: { profile: "tiny" } });
    project.writeState("model", { w: [1n, -2n], name: "m" });
    project.writeState("epochs/10", { n: 10 });
    project.writeState("epochs/9", { n: 9 });
    project.close();
    const again = openProject({ folder });
    expect(again.config.profile).toBe("tiny");
    expect(again.readState("model")).toEqual({ w: [1n, -2n], name: "m" });
    expect(again.readState("nothing")).toBeUndefined();
    expect(again.listState("epochs")).toEqual(["epochs/9", "epochs/10"]);
    again.close();
    expect(existsSync(join(folder, "lock"))).toBe(false);
  });

  it("lets nobody else look into it, when it makes the folder", () => {
    const shop = join(folder, "shop");
    openProject({ folder: shop, create: {} }).close();
    expect(statSync(shop).mode & 0o777).toBe(0o700);
  });

  it("says what to do when there is none, or its configuration is wrong", () => {
    expect(() => openProject({ folder })).toThrow(ProjectMissingError);
    openProject({ folder, create: {} }).close();
    const path = join(folder, "quittance.json");
    const good = readFileSync(path, "utf8");
    for (const bad of [
      "{",
      good.replace("default", "huge"),
      good.replace('"local"', '"ftp://x"'),
      good.replace("{", '{"extra":1,'),
    ]) {
      writeFileSync(path, bad);
      expect(() => openProject({ folder })).toThrow(ProjectConfigError);
    }
  });

  it("has one writer at a time, and outlives a writer that was killed", () => {
    const project = openProject({ folder, create: {} });
    const module = JSON.stringify(new URL("../../pipeline/project.ts", import.meta.url).href);
    const script = `import { openProject } from ${module};
      try { openProject({ folder: ${JSON.stringify(folder)} }); process.kill(process.pid, "SIGKILL"); }
      catch (error) { console.log(error.name); }`;
    const file = join(folder, "script.ts");
    writeFileSync(file, script);
    expect(spawnSync(process.execPath, [file], { encoding: "utf8" }).stdout.trim()).toBe("Project.Busy");
    expect(new ProjectBusyError("lock", 7).message).toMatch(/Process 7/);
    project.close();
    const killed = spawnSync(process.execPath, [file], { encoding: "utf8" });
    expect(killed.signal).toBe("SIGKILL");
    expect(existsSync(join(folder, "lock"))).toBe(true);
    openProject({ folder }).close();
  });
});
