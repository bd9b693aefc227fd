// Photos: shown before they are sent, removed one by one, shrunk on the device (which also drops place and camera data).
import { announce, button, enhance, make, say, setFiles } from "./lib";
import { waitFor } from "./forms";

const LONGEST = 1600;

async function shrink(file: File): Promise<File> {
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
    const canvas = make("canvas");
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const blob = await new Promise<Blob | null>((give) => canvas.toBlob(give, "image/jpeg", 0.82));
    return blob ? new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" }) : file;
  } catch {
    return file; // a format this browser cannot read: the server can, or says why not
  }
}

enhance("[data-photos]", (picker) => {
  const input = picker.querySelector<HTMLInputElement>('input[type="file"]');
  const thumbs = picker.querySelector<HTMLElement>(".thumbs");
  if (!input || !thumbs || typeof DataTransfer === "undefined") return;
  const most = Number(picker.dataset.photos) || 1;
  let kept: File[] = [];

  const show = () => {
    setFiles(input, kept);
    for (const old of thumbs.querySelectorAll("img")) URL.revokeObjectURL(old.src);
    thumbs.replaceChildren(
      ...kept.map((file, i) => {
        const name = say(`照片 ${i + 1}`, `Photo ${i + 1}`);
        const remove = button(say("删除", "Remove"), "trash", () => {
          kept.splice(i, 1);
          show();
          input.focus();
          announce(say(`已删除${name}`, `${name} removed`));
        });
        remove.setAttribute("aria-label", say(`删除${name}`, `Remove ${name}`));
        return make("div", { class: "thumb" }, make("img", { src: URL.createObjectURL(file), alt: name }), remove);
      }),
    );
  };
  input.addEventListener("change", () => {
    const picked = [...(input.files ?? [])];
    const work = Promise.all(picked.map(shrink)).then((files) => {
      const all = [...kept, ...files];
      kept = all.slice(0, most);
      show();
      announce(
        all.length > most
          ? say(`最多 ${most} 张，多的没有加上`, `At most ${most}; the rest were not added`)
          : say(`已选 ${kept.length} 张`, `${kept.length} chosen`),
      );
    });
    waitFor(input.form, work);
  });
});
