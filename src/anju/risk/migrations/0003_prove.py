from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("risk", "0002_rules")]

    operations = [
        migrations.AlterField(
            model_name="rule",
            name="act",
            field=models.CharField(
                choices=[("prove", "核实本人"), ("refuse", "拦截")], max_length=6, verbose_name="怎么做"
            ),
        ),
        migrations.AlterField(
            model_name="verdict",
            name="outcome",
            field=models.CharField(
                choices=[("allow", "放行"), ("prove", "核实本人"), ("refuse", "拦截")],
                max_length=6,
                verbose_name="结果",
            ),
        ),
    ]
