/**
 * Where an agent keeps what it must not forget: its books, and the receipts it holds. Injected, so that the
 * same client runs in Node (a folder, `folder.ts`), in a browser, and in a test.
 */

/** Named texts that outlive the process. */
export type AgentStorage = {
  read(name: string): Promise<string | undefined>;
  /** Durable when it resolves, and never half. */
  write(name: string, text: string): Promise<void>;
  /** Names that begin with a prefix, sorted. */
  list(prefix: string): Promise<readonly string[]>;
  /** Runs `work` while nobody else, in this process or another, is in here. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
};

/** A storage that forgets when the process ends: for tests and for trying things out. */
export function memoryStorage(): AgentStorage {
  const texts = new Map<string, string>();
  return {
    read: async (name) => texts.get(name),
    write: async (name, text) => void texts.set(name, text),
    list: async (prefix) => [...texts.keys()].filter((name) => name.startsWith(prefix)).sort(),
    exclusively: oneByOne(),
  };
}

/** One piece of work at a time, in order. */
export function oneByOne(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    last = mine.catch(() => {});
    return mine;
  };
}
