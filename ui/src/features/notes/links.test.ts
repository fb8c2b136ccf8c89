import { describe, expect, test } from "vitest";
import { completion, linkAt, linkName, openLink, suggestions } from "./links";

describe("links in a note", () => {
	test("are open from their brackets to the caret, on one line", () => {
		expect(openLink("see [[Var", 9)).toEqual({ from: 6, typed: "Var" });
		expect(openLink("see [[Varroa]] and", 18)).toBeNull();
		expect(openLink("see [[\nVar", 10)).toBeNull();
		expect(openLink("[[", 2)).toEqual({ from: 2, typed: "" });
		expect(openLink("山地 [[温", 6)).toEqual({ from: 5, typed: "温" });
	});

	test("are closed once, whether they were closed or not", () => {
		expect(completion("see [[Var", 9, "Varroa")).toEqual({ to: 9, insert: "Varroa]]" });
		expect(completion("see [[Var]] and", 9, "Varroa")).toEqual({ to: 11, insert: "Varroa]]" });
		expect(completion("see [[Var\nnext [[b]]", 9, "Varroa")).toEqual({ to: 9, insert: "Varroa]]" });
	});

	test("are found under the caret, without what is shown instead", () => {
		expect(linkAt("a [[Varroa|mites]] b", 5)).toBe("Varroa");
		expect(linkAt("a [[Varroa#Dates]] b", 2)).toBe("Varroa");
		expect(linkAt("a [[Varroa]] b", 14)).toBeNull();
	});

	test("take the file's name where the title would end the link", () => {
		expect(linkName({ title: "Varroa", path: "x.md" })).toBe("Varroa");
		expect(linkName({ title: "C# [draft]", path: "a/c-sharp.md" })).toBe("c-sharp");
	});

	test("suggest what begins so before what only holds it", () => {
		expect(suggestions(["Old plan", "Plan", "Plan", "Bees"], "pl", 5)).toEqual(["Plan", "Old plan"]);
	});
});
