/** What a page of ours may load: nothing but what it carries. Browsers hold it to that. */
export const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";
