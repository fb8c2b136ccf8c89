// Runs before the first paint, so that a dark window does not flash white. It repeats what the
// window showed last; the settings themselves live in the core and are applied a moment later.
(() => {
	let theme = "system";
	let language = "system";
	try {
		theme = localStorage.getItem("docent.theme") || theme;
		language = localStorage.getItem("docent.language") || language;
	} catch {
		// No storage in a private window: follow the system.
	}
	const dark = theme === "dark" || (theme === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
	document.documentElement.dataset.theme = dark ? "dark" : "light";
	const chinese = language === "zh-CN" || (language === "system" && navigator.language.startsWith("zh"));
	document.documentElement.lang = chinese ? "zh-CN" : "en";
})();
