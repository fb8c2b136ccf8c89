import { afterEach, expect, test } from "vitest";
import { setLocale } from "../../i18n/index.svelte";
import type { Device, Finding } from "../../wire/generated";
import { findingEnglish, findingText } from "./finding";

const FINDINGS: Finding[] = [
	{ kind: "path", path: "/p" },
	{ kind: "missing", path: "/p" },
	{ kind: "not_moved", path: "/p", to: "/q", detail: "no" },
	{ kind: "documents", found: 3, all: 1_234 },
	{ kind: "passages", count: 5_678 },
	{ kind: "index_not_open" },
	{ kind: "recognition", version: "5.3.0", languages: ["chi_sim", "eng", "osd"] },
	{ kind: "recognition", version: "5.3.0", languages: ["osd"] },
	{ kind: "recognition_unusable", detail: "no" },
	{ kind: "no_recognition", install: "apt x" },
	{ kind: "no_recognition", install: null },
	{ kind: "model", name: "m" },
	{ kind: "no_model" },
	{
		kind: "chat_model",
		name: "m",
		weights: 1e8,
		conversation: 2e8,
		context: 8_192,
		work: 3e7,
		reuse: 4e7,
		template: "t",
	},
	{ kind: "free", bytes: 1.5e11 },
	{ kind: "free_unknown" },
	{ kind: "failed", code: "library_damaged", detail: "no" },
];

const text = (finding: Finding, id = "model") => findingText({ id, state: "good", finding, text: "" }, null);

afterEach(() => setLocale("en"));

test("every finding is said, in both languages", () => {
	for (const locale of ["en", "zh-CN"] as const) {
		setLocale(locale);
		for (const finding of FINDINGS) {
			const said = text(finding);
			expect(said, finding.kind).not.toBe("");
			expect(said, finding.kind).not.toMatch(/undefined|NaN|\[object/);
		}
	}
	for (const finding of FINDINGS.filter(({ kind }) => kind !== "path" && kind !== "model")) {
		expect(text(finding), finding.kind).toMatch(/\p{Script=Han}/u);
	}
});

test("numbers and languages are written as the language does", () => {
	expect(text({ kind: "documents", found: 3, all: 1_234 })).toBe("3 of 1,234 documents can be found");
	expect(text({ kind: "free", bytes: 1.5e11 })).toBe("150 GB free");
	const recognition: Finding = { kind: "recognition", version: "5.3.0", languages: ["eng", "deu", "osd"] };
	expect(text(recognition)).toBe("Tesseract 5.3.0: English, German");
	setLocale("zh-CN");
	expect(text(recognition)).toBe("Tesseract 5.3.0：英语、德语");
});

test("a missing model says what is so without it", () => {
	expect(text({ kind: "no_model" }, "embedder")).toContain("wait");
	expect(text({ kind: "no_model" }, "generator")).toContain("word for word");
});

test("what is English in every language is known apart from the words around it", () => {
	const device: Device = {
		choice: "gpu",
		overridden: false,
		gpu: null,
		features: [],
		threads: 4,
		reason: { kind: "gpu_failed", detail: "smoke" },
	};
	const findings: [Finding, string][] = [
		[{ kind: "not_moved", path: "/p", to: "/q", detail: "no room" }, "no room"],
		[{ kind: "recognition_unusable", detail: "it has no languages" }, "it has no languages"],
		[{ kind: "failed", code: "library_damaged", detail: "row 7" }, "row 7"],
		[{ kind: "device" }, "smoke"],
		[{ kind: "path", path: "/p" }, ""],
		[{ kind: "no_recognition", install: "apt x" }, ""],
	];
	setLocale("zh-CN");
	for (const [finding, english] of findings) {
		const check = { id: "disk", state: "limited", finding, text: "" } as const;
		expect(findingEnglish(check, device), finding.kind).toBe(english);
		expect(findingText(check, device), finding.kind).toContain(english);
	}
	// Nothing is known of the device but what the core says of it.
	const unknown = { id: "device", state: "limited", finding: { kind: "device" }, text: "unknown" } as const;
	expect([findingText(unknown, null), findingEnglish(unknown, null)]).toEqual(["unknown", "unknown"]);
});
