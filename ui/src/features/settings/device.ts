/** What models are computed on, and why, in words. */
import { count, prose } from "../../i18n/format";
import { t } from "../../i18n/index.svelte";
import type { Device } from "../../wire/generated";

export function deviceText(device: Device): string {
	const name =
		device.gpu === null
			? t().device.processor(device.threads, count(device.threads))
			: t().device.gpu(device.gpu);
	const reason = t().device.reason[device.reason.kind];
	const wanted = device.reason.kind === "cpu_asked" || device.reason.kind === "gpu_asked";
	// Whoever set the variable need not have chosen it here.
	if (device.overridden) return prose(name, wanted ? "" : reason, t().device.overridden);
	return prose(name, reason);
}

/** What a GPU said that does not work, for whoever can make something of it. */
export function deviceDetail(device: Device): string {
	const detail = deviceEnglish(device);
	return detail === "" ? "" : t().device.detail(detail);
}

/** What of `deviceDetail` is English in every language. */
export function deviceEnglish(device: Device): string {
	return "detail" in device.reason ? device.reason.detail : "";
}
