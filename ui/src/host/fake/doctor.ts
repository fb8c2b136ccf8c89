/** What the invented installation finds out about itself. */
import type { Device, DoctorReport } from "../../wire/generated";

export function doctorReport(
	embedder: string | null,
	generator: string | null,
	device: Device,
): DoctorReport {
	return {
		healthy: embedder !== null,
		device,
		checks: [
			{ id: "data_folder", state: "good", text: "/home/ada/.local/share/docent, writable, only for you" },
			{ id: "database", state: "good", text: "schema 1, 2.4 MB" },
			{ id: "index", state: "good", text: "profile 1, 412 rows" },
			{ id: "reader", state: "good", text: "docent-extract 0.1.0" },
			{ id: "pdf", state: "good", text: "PDFium 7543" },
			{ id: "ocr", state: "limited", text: "not installed: pictures of text are not read" },
			{
				id: "embedder",
				state: embedder === null ? "bad" : "good",
				text: embedder ?? "not installed: nothing can be indexed",
			},
			{
				id: "generator",
				state: generator === null ? "limited" : "good",
				text: generator ?? "not installed: answers are quoted",
			},
			{
				id: "device",
				state: device.reason.kind === "gpu_failed" ? "limited" : "good",
				text: "the processor, 8 threads (avx2 fma): no GPU was found",
			},
			{ id: "disk", state: "good", text: "148 GB free" },
			{ id: "memory", state: "good", text: "11.2 of 16 GB free" },
		],
	};
}
