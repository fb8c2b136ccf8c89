/** The picture and the name for a kind of file. */

import Book from "@lucide/svelte/icons/book";
import File from "@lucide/svelte/icons/file";
import Archive from "@lucide/svelte/icons/file-archive";
import FileCode from "@lucide/svelte/icons/file-code-corner";
import FileText from "@lucide/svelte/icons/file-text";
import FileType from "@lucide/svelte/icons/file-type-corner";
import Globe from "@lucide/svelte/icons/globe";
import Image from "@lucide/svelte/icons/image";
import Mail from "@lucide/svelte/icons/mail";
import Presentation from "@lucide/svelte/icons/presentation";
import Table from "@lucide/svelte/icons/table-2";
import { t } from "../../i18n/index.svelte";

type Icon = typeof File;

const GROUPS: readonly [Icon, readonly string[]][] = [
	[FileType, ["pdf"]],
	[Globe, ["html"]],
	[FileCode, ["markdown", "org", "rst", "code", "json", "json_lines"]],
	[FileText, ["plain_text", "rtf", "docx", "doc", "odt"]],
	[Presentation, ["pptx", "ppt", "odp"]],
	[Table, ["csv", "xlsx", "xls", "xlsb", "ods"]],
	[Book, ["epub"]],
	[Mail, ["mail", "mbox"]],
	[Archive, ["zip", "tar", "packed"]],
	[Image, ["image"]],
];

export function formatIcon(format: string | null): Icon {
	return GROUPS.find(([, formats]) => format !== null && formats.includes(format))?.[0] ?? File;
}

export function formatName(format: string | null): string {
	const names: Partial<Record<string, string>> = t().documents.format;
	return format === null ? t().documents.format.unknown : (names[format] ?? format.toUpperCase());
}
