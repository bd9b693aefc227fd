// A voice note, recorded in the page into the file input beside it. Where that cannot be done, or is not allowed, the input stays.
import { announce, button, enhance, make, say, setFiles } from "./lib";
import { waitFor } from "./forms";

const TYPES: [string, string][] = [
  ["audio/mp4", "m4a"],
  ["audio/webm;codecs=opus", "webm"],
  ["audio/ogg;codecs=opus", "ogg"],
];

enhance("[data-recorder]", (box) => {
  const input = box.querySelector<HTMLInputElement>('input[type="file"]');
  if (!input || typeof MediaRecorder === "undefined" || !navigator.mediaDevices) return;
  const type = TYPES.find(([mime]) => MediaRecorder.isTypeSupported(mime));
  if (!type) return;
  const longest = Number(box.dataset.recorder) || 120;
  const clock = make("output", { class: "num" });
  const audio = make("audio", { controls: "" });
  let recorder: MediaRecorder | undefined;
  let timer = 0;

  const start = button(say("按一下开始说", "Press to record"), "mic", async () => {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      input.hidden = false;
      clock.textContent = say("没有得到麦克风的许可，可以改为选一个录音文件。", "No permission for the microphone. You can choose a recording instead.");
      return;
    }
    const parts: Blob[] = [];
    recorder = new MediaRecorder(stream, { mimeType: type[0] });
    recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
    const ended = new Promise<void>((end) =>
      recorder?.addEventListener("stop", () => {
        for (const track of stream.getTracks()) track.stop();
        clearInterval(timer);
        const file = new File(parts, `voice.${type[1]}`, { type: type[0].replace(/;.*/, "") });
        setFiles(input, [file]);
        if (audio.src) URL.revokeObjectURL(audio.src);
        audio.src = URL.createObjectURL(file);
        box.classList.remove("is-on");
        start.hidden = stop.hidden = true;
        audio.hidden = again.hidden = false;
        announce(say("录好了", "Recorded"));
        end();
      }),
    );
    waitFor(input.form, ended);
    recorder.start();
    const began = Date.now();
    const tick = () => {
      const seconds = Math.floor((Date.now() - began) / 1000);
      clock.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      if (seconds >= longest && recorder?.state === "recording") recorder.stop();
    };
    tick();
    timer = window.setInterval(tick, 250);
    box.classList.add("is-on");
    start.hidden = true;
    stop.hidden = false;
    stop.focus();
  });
  const stop = button(say("说完了", "Stop"), "stop", () => recorder?.stop(), "is-main");
  const again = button(say("重录", "Record again"), "redo", () => {
    setFiles(input, []);
    clock.textContent = "";
    audio.hidden = again.hidden = true;
    start.hidden = false;
    start.focus();
  });
  // A form sent while recording takes what was said so far.
  input.form?.addEventListener("submit", () => recorder?.state === "recording" && recorder.stop(), true);
  stop.hidden = again.hidden = audio.hidden = input.hidden = true;
  audio.setAttribute("aria-label", say("您的录音", "Your recording"));
  box.prepend(start, stop, clock, audio, again);
});
