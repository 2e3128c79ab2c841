/** What commands have in common: exit codes, JSON output, and errors in plain words. */

/** Exit codes of the tool. */
export const EXIT = { done: 0, doubt: 1, usage: 2, defect: 70 } as const;

/** One JSON document; bigints become decimal strings, bytes become hex. */
export function plainJson(value: unknown): string {
  const text = JSON.stringify(
    value,
    (_key, item: unknown) => {
      if (typeof item === "bigint") return item.toString();
      if (item instanceof Uint8Array || item instanceof Int8Array)
        return Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString("hex");
      return item;
    },
    2,
  );
  return `${text}\n`;
}

/**
 * Name, message and exit code of an error. Errors that this program raises on purpose are named
 * `Module.Reason` and already say what to do, and have a field `doubt` where the call was right and what it
 * looked at is not; system errors about files are put into words; anything else is
 * a defect and says so.
 */
export function describeError(error: unknown): { name: string; message: string; exit: number } {
  if (!(error instanceof Error)) return { name: "Defect", message: String(error), exit: EXIT.defect };
  if (/^[A-Z][A-Za-z0-9]*\.[A-Z]/.test(error.name))
    return { name: error.name, message: error.message, exit: "doubt" in error ? EXIT.doubt : EXIT.usage };
  const code = (error as NodeJS.ErrnoException).code;
  const path = (error as NodeJS.ErrnoException).path ?? "";
  if (code === "ENOENT")
    return {
      name: "File.Missing",
      message: `There is no file or folder ${path}. Check the path.`,
      exit: EXIT.usage,
    };
  if (code === "ENOSPC")
    return {
      name: "Disk.Full",
      message: `The disk is full${path && ` (${path})`}. What was finished is kept: free some space and run the same command again.`,
      exit: EXIT.usage,
    };
  if (code === "EACCES")
    return {
      name: "File.NotAllowed",
      message: `${path} may not be read or written by you. Check its permissions.`,
      exit: EXIT.usage,
    };
  if (code === "EISDIR")
    return {
      name: "File.IsFolder",
      message: `${path} is a folder where a file is expected.`,
      exit: EXIT.usage,
    };
  const where = error.stack?.split("\n").slice(1, 4).join("\n") ?? "";
  return {
    name: "Defect",
    message: `${error.name}: ${error.message}\n${where}\nThis should not happen. What was finished is kept; please report it with this text.`,
    exit: EXIT.defect,
  };
}
