from django.db import migrations, models


class Migration(migrations.Migration):
    """The phone's name becomes a sealed value. Names given before are forgotten: they cannot be sealed here."""

    dependencies = [("access", "0003_gate_suspect_since")]

    operations = [
        migrations.RemoveField("phonekey", "label"),
        migrations.AddField("phonekey", "label", models.BinaryField(blank=True, null=True, verbose_name="手机名称")),
    ]
