/** The picture for a kind of file. */

import File from "@lucide/svelte/icons/file";
import FileCode from "@lucide/svelte/icons/file-code-corner";
import FileText from "@lucide/svelte/icons/file-text";
import FileType from "@lucide/svelte/icons/file-type-corner";
import Globe from "@lucide/svelte/icons/globe";
import { t } from "../../i18n/index.svelte";

const ICONS = { pdf: FileType, markdown: FileCode, html: Globe, plain_text: FileText } as const;

type Known = keyof typeof ICONS;

const isKnown = (format: string): format is Known => Object.hasOwn(ICONS, format);

export function formatIcon(format: string | null): typeof File {
	return format !== null && isKnown(format) ? ICONS[format] : File;
}

export function formatName(format: string | null): string {
	if (format === null) return t().documents.format.unknown;
	return isKnown(format) ? t().documents.format[format] : format.toUpperCase();
}
