document.body.textContent = "lightly_ray";
