/**
 * The explorer, served by the service: the built page, its configuration, and the verifying keys.
 *
 * Every file of the build is a route of its own, so that no path leads out of its folder. Assets are named by
 * their content and may be kept for ever; the page that names them is asked for again each time. Where the
 * page does not build, answers are still sold: the log says why there is nothing to look at.
 */
import fastifyStatic from "@fastify/static";
import { z } from "zod";
import { PROFILE_NAMES, verifyingKeysDocument } from "../../prover/index.ts";
import { buildExplorer, ExplorerBuildError } from "../engine/vite.ts";
import { siteConfig } from "../site/config.ts";
import type { App, ServiceContext } from "./context.ts";
import { notFound, ServiceError } from "./errors.ts";
import { route } from "./route.ts";

const ONE_YEAR_S = 31_536_000;

/** Adds the routes. Builds the explorer first if this version of it has not been built yet. */
export async function explorerRoutes(app: App, context: ServiceContext): Promise<void> {
  const { session, version } = context;
  const folder = await builtFolder(app);
  const config = siteConfig(session, "live", version);
  const keys = verifyingKeysDocument(session.keys);
  app.get("/config.json", { schema: { hide: true } }, async (_request, reply) =>
    reply.header("cache-control", "no-cache").send(config),
  );
  route(app, {
    method: "GET",
    url: "/keys/:profile",
    summary: "the verifying keys that proofs of this service are checked with",
    tag: "views",
    params: z.object({ profile: z.enum(PROFILE_NAMES) }),
    answers: { 200: { description: "manifest and keys", schema: z.object({}).passthrough() } },
    handle: ({ params, reply }) => {
      if (params.profile !== config.profile)
        throw notFound(`The keys here are for the profile "${config.profile}".`);
      void reply.header("cache-control", "no-cache");
      return keys;
    },
  });
  if (folder === undefined) {
    app.get("/", { schema: { hide: true } }, async () => {
      throw new ServiceError(
        503,
        "no_pages",
        "The pages could not be built here. /openapi.json has the rest.",
      );
    });
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    wildcard: false,
    schemaHide: true,
    decorateReply: false,
    cacheControl: false,
    setHeaders: (reply, path) => {
      const kept = path.includes("/assets/") ? `public, max-age=${ONE_YEAR_S}, immutable` : "no-cache";
      void reply.header("cache-control", kept);
    },
  });
}

async function builtFolder(app: App): Promise<string | undefined> {
  try {
    return (await buildExplorer()).folder;
  } catch (error) {
    if (!(error instanceof ExplorerBuildError)) throw error;
    app.log.error({ err: error }, "the explorer is not served");
    return undefined;
  }
}
