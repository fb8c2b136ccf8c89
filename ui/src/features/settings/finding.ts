/** What an examination of the installation found, in words. */
import { explain } from "../../api/errors";
import { count, names, prose, size } from "../../i18n/format";
import { t } from "../../i18n/index.svelte";
import type { Check, Device } from "../../wire/generated";
import { deviceDetail, deviceEnglish, deviceText } from "./device";
import { isLanguage, recognitionName } from "./recognitionNames";

export function findingText({ id, finding, text }: Check, device: Device | null): string {
	const words = t().about.finding;
	switch (finding.kind) {
		case "path":
			return finding.path;
		case "missing":
			return words.missing(finding.path);
		case "not_moved":
			return words.notMoved(finding.path, finding.to, finding.detail);
		case "documents":
			return words.documents(finding.all, count(finding.found), count(finding.all));
		case "passages":
			return words.passages(finding.count, count(finding.count));
		case "index_not_open":
			return words.indexNotOpen;
		case "recognition": {
			const languages = names(finding.languages.filter(isLanguage).map(recognitionName));
			if (languages === "") return t().keeping.recogniseFound(finding.version);
			return words.recognition(finding.version, languages);
		}
		case "recognition_unusable":
			return prose(words.noRecognition, words.unusable(finding.detail));
		case "no_recognition":
			return prose(words.noRecognition, finding.install === null ? "" : words.install(finding.install));
		case "model":
			return finding.name;
		case "no_model":
			return id === "embedder" ? words.noEmbedder : id === "generator" ? words.noGenerator : words.noModel;
		case "chat_model": {
			const { name, weights, conversation, context, work, reuse, template } = finding;
			const memory = words.chatModel(
				name,
				size(weights),
				size(conversation),
				count(context),
				size(work),
				size(reuse),
			);
			return prose(memory, template === null ? "" : words.template(template));
		}
		case "device":
			return device === null ? text : prose(deviceText(device), deviceDetail(device));
		case "free":
			return words.free(size(finding.bytes));
		case "free_unknown":
			return words.freeUnknown;
		case "failed": {
			const { what, todo } = explain(finding.code);
			return prose(what, todo, t().device.detail(finding.detail));
		}
	}
}

/** What of `findingText` is English in every language: what the system or the core said. */
export function findingEnglish({ finding, text }: Check, device: Device | null): string {
	switch (finding.kind) {
		case "not_moved":
		case "recognition_unusable":
		case "failed":
			return finding.detail;
		case "device":
			return device === null ? text : deviceEnglish(device);
		default:
			return "";
	}
}
