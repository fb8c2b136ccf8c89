// Who may import whom (see the list), no cycles, no raw HTML, no raw colours outside the tokens.
// Exits non-zero and names each breach.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../src");

/** What each layer may import of ours. Within itself a layer may import, except where said below. */
const MAY = {
	app: ["api", "components", "features", "i18n", "lib", "wire", "styles"],
	features: ["api", "components", "i18n", "lib", "wire"],
	api: ["host", "i18n", "lib", "wire"],
	components: ["lib", "styles"],
	host: ["wire", "lib"],
	i18n: [],
	lib: [],
	wire: [],
	main: ["api", "app", "host", "i18n", "styles"],
};

const problems = [];

function files(folder) {
	return readdirSync(folder).flatMap((name) => {
		const path = join(folder, name);
		if (statSync(path).isDirectory()) return files(path);
		return /\.(ts|svelte)$/.test(name) ? [path] : [];
	});
}

const nameOf = (path) => relative(root, path).replaceAll("\\", "/");
const layerOf = (name) => (name.includes("/") ? name.split("/")[0] : "main");

/** The file that an import means. */
function target(from, specifier, known) {
	const base = resolve(dirname(from), specifier);
	const found = [base, `${base}.ts`, join(base, "index.ts"), `${base}/index.ts`].find((path) =>
		known.has(path),
	);
	return found ?? (/\.(css|json)$/.test(base) ? base : undefined);
}

const IMPORT = /(?:import|export)\s(?:[^"';]*?\sfrom\s)?["']([^"']+)["']|import\(\s*["']([^"']+)["']\s*\)/g;

function checkEdge(name, to, specifier) {
	const [mine, theirs] = [layerOf(name), layerOf(to)];
	if (mine !== theirs && !MAY[mine]?.includes(theirs))
		problems.push(`${name}: ${mine} may not import ${theirs} (${specifier})`);
	const [a, b] = [name.split("/"), to.split("/")];
	if (mine === "features" && theirs === "features" && a[1] !== b[1])
		problems.push(`${name}: features may not import one another (${specifier})`);
	if (mine === "host" && theirs === "host" && a.length > 2 && b.length > 2 && a[1] !== b[1]) {
		problems.push(`${name}: hosts may not import one another (${specifier})`);
	}
}

function checkText(name, text) {
	if (text.includes("{@html")) problems.push(`${name}: {@html} is not allowed: build nodes instead`);
	if (/innerHTML|outerHTML|insertAdjacentHTML|document\.write\b/.test(text))
		problems.push(`${name}: writes HTML from a string`);
	if (/@tauri-apps\//.test(text) && !name.startsWith("host/tauri/"))
		problems.push(`${name}: @tauri-apps belongs to host/tauri`);
	if (/(?<!async )(?<![.#\w])fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon/.test(text))
		problems.push(`${name}: uses the network`);
	const style = /<style>([\s\S]*)<\/style>/.exec(text)?.[1] ?? "";
	const colour = /#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|oklch|oklab|lab|lch)\(/i.exec(style);
	if (colour) problems.push(`${name}: raw colour ${colour[0]}: name it in styles/tokens.css`);
}

/** Cycles of imports that exist at run time; types may go in circles. */
function checkCycles(edges) {
	const done = new Set();
	const visit = (name, trail) => {
		if (trail.includes(name)) {
			problems.push(`cycle: ${[...trail.slice(trail.indexOf(name)), name].join(" > ")}`);
			return;
		}
		if (done.has(name)) return;
		for (const next of edges.get(name) ?? []) visit(next, [...trail, name]);
		done.add(name);
	};
	for (const name of edges.keys()) visit(name, []);
}

const all = files(root).filter((path) => !path.endsWith(".test.ts"));
const known = new Set(all);
const edges = new Map();
for (const path of all) {
	const name = nameOf(path);
	const text = readFileSync(path, "utf8");
	checkText(name, text);
	const code = path.endsWith(".svelte")
		? [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1]).join("\n")
		: text;
	const withoutComments = code.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
	edges.set(name, []);
	for (const match of withoutComments.matchAll(IMPORT)) {
		const specifier = match[1] ?? match[2];
		if (!specifier.startsWith(".")) continue;
		const found = target(path, specifier, known);
		if (!found) {
			problems.push(`${name}: cannot resolve ${specifier}`);
			continue;
		}
		checkEdge(name, nameOf(found), specifier);
		if (known.has(found) && !/^import\s+type\s/.test(match[0])) edges.get(name).push(nameOf(found));
	}
}
checkCycles(edges);

for (const problem of problems) console.error(problem);
console.log(`imports: ${all.length} files, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
