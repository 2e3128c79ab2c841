// Statements of the contracts that no test reaches, each with the reason why none can, or need not.

/** `statement` is a part of the statement's text, with single spaces. */
export type Exception = { readonly file: string; readonly statement: string; readonly why: string };

export const EXCEPTIONS: readonly Exception[] = [];
