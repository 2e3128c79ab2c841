/**
 * The pipeline's second public face, for browsers: what checks an epoch or a receipt, and the shapes of the
 * public views. Nothing that can be reached from here imports a module of Node's; a test holds it.
 */
export type * from "./views/types.ts";
