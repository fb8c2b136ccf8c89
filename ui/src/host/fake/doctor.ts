/** What the invented installation finds out about itself. */
import type { Check, CheckState, Device, DoctorReport, Finding } from "../../wire/generated";

export function doctorReport(
	embedder: string | null,
	generator: string | null,
	device: Device,
): DoctorReport {
	const model = (name: string | null): Finding =>
		name === null ? { kind: "no_model" } : { kind: "model", name };
	const looked: [string, CheckState, Finding][] = [
		["data_folder", "good", { kind: "path", path: "/home/ada/.local/share/docent" }],
		["database", "good", { kind: "documents", found: 423, all: 501 }],
		["index", "good", { kind: "passages", count: 3_412 }],
		["reader", "good", { kind: "path", path: "/usr/lib/docent/docent-extract" }],
		["pdf", "good", { kind: "path", path: "/usr/lib/docent/libpdfium.so" }],
		["ocr", "limited", { kind: "no_recognition", install: "sudo apt install tesseract-ocr" }],
		["embedder", embedder === null ? "bad" : "good", model(embedder)],
		["generator", generator === null ? "limited" : "good", chatModel(generator)],
		["device", "detail" in device.reason ? "limited" : "good", { kind: "device" }],
		["disk", "good", { kind: "free", bytes: 148_000_000_000 }],
	];
	const checks = looked.map(
		([id, state, finding]): Check => ({ id, state, finding, text: JSON.stringify(finding) }),
	);
	return { healthy: embedder !== null, device, checks };
}

function chatModel(name: string | null): Finding {
	if (name === null) return { kind: "no_model" };
	return {
		kind: "chat_model",
		name,
		weights: 103_000_000,
		conversation: 189_000_000,
		context: 8_192,
		work: 41_000_000,
		reuse: 268_000_000,
		template: null,
	};
}
