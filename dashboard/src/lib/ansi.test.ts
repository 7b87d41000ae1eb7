import { expect, test } from "vitest";
import { piecesOf, withoutColours } from "./ansi";

const ESC = "\u001b";

test("a text without colours is one piece", () => {
  expect(piecesOf("plain")).toEqual([{ text: "plain", className: "" }]);
});

test("colours and weights begin and end where the codes say", () => {
  expect(piecesOf(`a ${ESC}[1;31mred${ESC}[22m thin${ESC}[39m end${ESC}[4mu${ESC}[0m.`)).toEqual([
    { text: "a ", className: "" },
    { text: "red", className: "text-ansi-red font-semibold" },
    { text: " thin", className: "text-ansi-red" },
    { text: " end", className: "" },
    { text: "u", className: "underline" },
    { text: ".", className: "" },
  ]);
  expect(piecesOf(`${ESC}[92mbright${ESC}[m, ${ESC}[2mdim`)).toEqual([
    { text: "bright", className: "text-ansi-green" },
    { text: ", ", className: "" },
    { text: "dim", className: "text-text-3" },
  ]);
});

test("colours beyond the sixteen, and backgrounds, are left out with their numbers", () => {
  expect(piecesOf(`${ESC}[38;5;31mx${ESC}[48;2;31;32;33my`)).toEqual([
    { text: "x", className: "" },
    { text: "y", className: "" },
  ]);
});

test("what would move a cursor or name a window is left out", () => {
  expect(withoutColours(`a${ESC}[2Kb${ESC}]0;title\u0007c${ESC}[31md`)).toBe("abcd");
  expect(withoutColours("plain")).toBe("plain");
});
