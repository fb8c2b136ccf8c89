// Every word of the window comes from src/i18n: finds text, and attributes that people read or hear,
// written straight into markup. Also finds messages that nobody uses. Exits non-zero then.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parse } from "svelte/compiler";

const root = resolve(import.meta.dirname, "../src");
const READ_BY_PEOPLE = new Set([
	"title",
	"alt",
	"placeholder",
	"label",
	"heading",
	"aria-label",
	"aria-description",
	"aria-roledescription",
	"aria-valuetext",
]);
const LETTERS = /\p{L}{2,}/u;

const problems = [];

function files(folder, ending) {
	return readdirSync(folder).flatMap((name) => {
		const path = join(folder, name);
		if (statSync(path).isDirectory()) return files(path, ending);
		return ending.test(name) ? [path] : [];
	});
}

function walk(node, visit) {
	if (node === null || typeof node !== "object") return;
	if (Array.isArray(node)) {
		for (const child of node) walk(child, visit);
		return;
	}
	if (typeof node.type === "string" && visit(node) === false) return;
	for (const [key, child] of Object.entries(node))
		if (key !== "metadata" && key !== "loc") walk(child, visit);
}

/** Words in a string that stands where people read it. */
function literalIn(expression) {
	let found;
	walk(expression, (node) => {
		if (node.type === "MemberExpression" || node.type === "CallExpression") return false;
		if (node.type === "BinaryExpression") return false;
		if (node.type === "Literal" && typeof node.value === "string" && LETTERS.test(node.value))
			found ??= node.value;
		if (node.type === "TemplateElement" && LETTERS.test(node.value.raw)) found ??= node.value.raw;
		return undefined;
	});
	return found;
}

function check(path) {
	const name = relative(root, path);
	const tree = parse(readFileSync(path, "utf8"), { modern: true });
	walk(tree.fragment, (node) => {
		if (node.type === "StyleDirective" || node.type === "ClassDirective") return false;
		if (node.type === "Text" && LETTERS.test(node.data))
			problems.push(`${name}: text in markup: ${node.data.trim()}`);
		if (node.type === "ExpressionTag") {
			const literal = literalIn(node.expression);
			if (literal) problems.push(`${name}: text in markup: ${literal}`);
		}
		if (node.type === "Attribute") {
			if (!READ_BY_PEOPLE.has(node.name) || node.value === true) return false;
			for (const part of [node.value].flat()) {
				const literal =
					part.type === "Text"
						? LETTERS.test(part.data)
							? part.data
							: undefined
						: literalIn(part.expression);
				if (literal) problems.push(`${name}: ${node.name} in markup: ${literal}`);
			}
			return false;
		}
		return undefined;
	});
}

const components = files(root, /\.svelte$/);
for (const path of components) check(path);

/** Messages that no file mentions. Groups reached by a variable key count as used whole. */
function checkUnused() {
	const all = files(root, /\.(svelte|ts)$/)
		.filter((path) => !path.includes("i18n"))
		.map((path) => readFileSync(path, "utf8"))
		.join("\n");
	// Groups stand in en.ts, or each as an export of a file in en/, one tab less deep.
	const parts = files(join(root, "i18n/en"), /(?<!errors)\.ts$/).map((path) => readFileSync(path, "utf8"));
	const deeper = (text) =>
		text.replaceAll("\n\t", "\n\t\t").replaceAll(/^export const (\w+) = \{$/gm, "\t$1: {");
	const source = [readFileSync(join(root, "i18n/en.ts"), "utf8"), ...parts.map(deeper)].join("\n");
	let group = "";
	for (const line of source.split("\n")) {
		const opens = /^\t(\w+): \{$/.exec(line);
		if (opens) group = opens[1];
		const key = /^\t\t(\w+):/.exec(line)?.[1];
		if (!key || group === "errors") continue;
		const direct = all.includes(`.${group}.${key}`);
		const byKey = new RegExp(`\\.${group}\\[`).test(all);
		if (!direct && !byKey) problems.push(`i18n: nobody uses ${group}.${key}`);
	}
}
checkUnused();

for (const problem of problems) console.error(problem);
console.log(`i18n: ${components.length} components, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
