/** Light or dark, written on the root element. `public/boot.js` does the same before first paint. */
import type { Language, Theme } from "../wire/generated";

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Keeps the root element as the setting says; follows the system until the returned function is called. */
export function applyTheme(theme: Theme): () => void {
	const write = () => {
		document.documentElement.dataset.theme =
			theme === "dark" || (theme === "system" && dark.matches) ? "dark" : "light";
	};
	write();
	dark.addEventListener("change", write);
	return () => dark.removeEventListener("change", write);
}

/** Leaves a note for the next start, whose first paint comes before the core has answered. */
export function remember(theme: Theme, language: Language): void {
	try {
		localStorage.setItem("docent.theme", theme);
		localStorage.setItem("docent.language", language);
	} catch {
		// A private window keeps nothing; the first paint then follows the system.
	}
}
