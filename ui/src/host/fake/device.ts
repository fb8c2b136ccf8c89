/** What the invented computer computes on. */
import type { Device, Settings } from "../../wire/generated";

/** A GPU of the invented computer: its name if it works, why not if it does not, or not with the chat model. */
export type FakeGpu = { name: string } | { fault: string } | { refusal: string };

export function device(settings: Settings, gpu: FakeGpu | undefined): Device {
	const choice = settings.device;
	const threads = settings.threads || 8;
	const processor = { gpu: null, features: ["avx2", "fma"], threads, choice, overridden: false };
	if (choice === "cpu") return { ...processor, reason: { kind: "cpu_asked" } };
	if (!gpu) return { ...processor, reason: { kind: "no_gpu" } };
	if ("fault" in gpu) return { ...processor, reason: { kind: "gpu_failed", detail: gpu.fault } };
	if ("refusal" in gpu) return { ...processor, reason: { kind: "model_refused", detail: gpu.refusal } };
	return { ...processor, gpu: gpu.name, reason: { kind: choice === "gpu" ? "gpu_asked" : "gpu_found" } };
}
