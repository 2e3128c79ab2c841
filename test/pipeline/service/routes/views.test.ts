import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openUi } from "../../../../pipeline/cli/ui.ts";
import { openProject, type Project } from "../../../../pipeline/project.ts";
import { createService, type Service } from "../../../../pipeline/service/service.ts";
import { openSession, type Session } from "../../../../pipeline/session.ts";
import { modelSchema } from "../../../../pipeline/views/schemas.ts";
import type { ModelSummary } from "../../../../pipeline/views/types.ts";
import { makeShop } from "../../views/shop.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-view-routes-"));
let project: Project;
let session: Session;
let service: Service;
let id: string;

beforeAll(async () => {
  process.env["QUITTANCE_LOG"] = "silent";
  project = openProject({ folder: makeShop(folder) });
  session = await openSession(project, openUi(process.stderr, true));
  service = await createService({ project, session, feeUnits: 9 });
  id = service.context.model.id;
});
afterAll(async () => {
  await service?.close();
  await session?.close();
  await project?.store.close();
  project?.close();
  rmSync(folder, { recursive: true, force: true });
});

const get = (url: string, headers: Record<string, string> = {}) =>
  service.app.inject({ method: "GET", url, headers });

describe("the routes of views", () => {
  it("answer every view, in shape", async () => {
    const models = await get("/models");
    expect(models.statusCode).toBe(200);
    const [model] = models.json<ModelSummary[]>();
    expect(model?.price.feeUnits).toBe(9);
    modelSchema.parse((await get(`/models/${model?.id}`)).json());
    const [datanet] = (await get("/datanets")).json<{ id: string }[]>();
    expect((await get(`/datanets/${datanet?.id}`)).json()).toEqual(datanet);
    const epoch = (await get(`/models/${id}/epochs/1`)).json<{ state: string }>();
    expect(epoch.state).toBe("settled");
    const people = (await get("/contributors")).json<{ address: string }[]>();
    expect(people.length).toBe(5);
    const upper = `0x${people[0]?.address.slice(2).toUpperCase()}`;
    expect((await get(`/contributors/${upper}`)).json()).toMatchObject({ address: people[0]?.address });
  });

  it("hand out bundles byte for byte, by number or by model and number", async () => {
    const file = readFileSync(project.path("out", "epoch-1.json"), "utf8");
    for (const name of ["1", `${id}-1`]) {
      const answer = await get(`/epochs/${name}/bundle`);
      expect([answer.statusCode, answer.body]).toEqual([200, file]);
    }
    for (const name of ["2", `${id}-9`, `0x${"0".repeat(64)}-1`])
      expect((await get(`/epochs/${name}/bundle`)).statusCode).toBe(404);
  });

  it("say what is missing and what is misspelt, and never fail", async () => {
    const none = `0x${"ab".repeat(32)}`;
    for (const url of [
      `/models/${none}`,
      `/models/${none}/epochs/1`,
      `/models/${id}/epochs/77`,
      "/datanets/99",
    ]) {
      const answer = await get(url);
      expect([url, answer.statusCode]).toEqual([url, 404]);
      expect(answer.json().error.code).toBe("not_found");
      expect(answer.json().error.message).toMatch(/GET \//);
    }
    for (const url of [
      "/models/7",
      "/contributors/alice",
      `/models/${id}/epochs/-1`,
      "/epochs/x/bundle",
      "/datanets/1e9",
    ])
      expect([url, (await get(url)).statusCode]).toEqual([url, 400]);
  });

  it("are unchanged until something happens", async () => {
    const first = await get("/models");
    const etag = String(first.headers.etag);
    expect(first.headers["cache-control"]).toBe("no-cache");
    const again = await get("/models", { "if-none-match": etag });
    expect([again.statusCode, again.body]).toEqual([304, ""]);
    expect((await get("/models", { "if-none-match": `"other", W/${etag}` })).statusCode).toBe(304);
    expect((await get("/datanets", { "if-none-match": etag })).statusCode).toBe(200);
    await session.chain.travel(1);
    const later = await get("/models", { "if-none-match": etag });
    expect([later.statusCode, later.headers.etag === etag]).toEqual([200, false]);
  });

  it("stand in the service's own documentation", async () => {
    const { paths } = (await get("/openapi.json")).json<{ paths: Record<string, unknown> }>();
    for (const path of [
      "/models",
      "/models/{id}/epochs/{number}",
      "/contributors/{address}",
      "/epochs/{id}/bundle",
    ])
      expect(Object.keys(paths)).toContain(path);
  });
});
