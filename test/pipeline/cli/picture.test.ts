// What a terminal shows of a content.
import { describe, expect, it } from "vitest";
import { beside, contentLines, pictureLines, textLines } from "../../../pipeline/cli/picture.ts";

describe("a content in a terminal", () => {
  it("is a picture of half-blocks, also with an odd number of rows", () => {
    const pixels = Uint8Array.of(255, 0, 255, 0, 0, 0, 255, 255, 0, 255, 255, 0);
    expect(pictureLines(pixels, 4, 3)).toEqual(["▀ ██".replace("██", "█▄"), " ▀▀ "]);
    expect(contentLines(pixels, { kind: "picture", width: 4, height: 3 })).toEqual(
      pictureLines(pixels, 4, 3),
    );
    expect(contentLines(pixels, { kind: "picture", width: 5, height: 3 })).toEqual(["(12 bytes)"]);
    expect(contentLines(undefined, { kind: "text" })[0]).toMatch(/has not kept/);
  });

  it("is text in lines, without anything that steers the terminal", () => {
    const text = new TextEncoder().encode("My card \u001b[2J was declined\n\nat the shop");
    expect(contentLines(text, { kind: "text" }, 12)).toEqual(["My card [2J", "was declined", "at the shop"]);
    expect(textLines("abcdefgh", 3)).toEqual(["abc", "def", "gh"]);
  });

  it("stands beside others as far as the width goes", () => {
    const block = ["ab", "c"];
    expect(beside([block, block, block], 8, 2)).toEqual(["ab  ab", "c   c", "", "ab", "c"]);
  });
});
