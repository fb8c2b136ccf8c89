/** Names of the languages that the recognising program has; it calls them by codes of its own. */
import { languages } from "../../i18n/format";

/** Where its code is not the start of a code that everybody knows. */
const KNOWN: Record<string, string> = {
	chi_sim: "zh-Hans",
	chi_tra: "zh-Hant",
	chi_sim_vert: "zh-Hans",
	chi_tra_vert: "zh-Hant",
	eng: "en",
	deu: "de",
	fra: "fr",
	spa: "es",
	ita: "it",
	por: "pt",
	rus: "ru",
	jpn: "ja",
	kor: "ko",
	nld: "nl",
	pol: "pl",
	ukr: "uk",
	tur: "tr",
	ara: "ar",
};

/** What is no language but a helper of the program. */
const HELPERS = new Set(["osd", "equ", "snum"]);

export const isLanguage = (name: string): boolean => !HELPERS.has(name);

/** "German"; the program's own name where nobody knows a better one. */
export function recognitionName(name: string): string {
	const code = KNOWN[name];
	const vertical = name.endsWith("_vert");
	const said = languages([code ?? name.replaceAll("_", "-")]);
	return code === undefined || vertical ? `${said} (${name})` : said;
}
