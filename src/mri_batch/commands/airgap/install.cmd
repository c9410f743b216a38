@echo off
rem Install mri-batch {version} from this folder, without a network: install.cmd [FOLDER]
rem Set PYTHON to choose another Python than the one in PATH.
setlocal
set "here=%~dp0"
set "venv=%~1"
if "%venv%"=="" set "venv=mri-batch"
if "%PYTHON%"=="" set "PYTHON=python"

"%PYTHON%" -I -c "import sys; sys.exit(sys.version_info[:2] < (3, 11))" || goto :old
for /f %%v in ('call "%PYTHON%" -I -c "import sys; print('%%d.%%d' %% sys.version_info[:2])"') do set "version=%%v"
if not exist "%here%requirements-windows-%version%.txt" goto :old
"%PYTHON%" -I -B "%here%verify.py" || exit /b 1
"%PYTHON%" -I -m venv "%venv%" || exit /b 1
"%venv%\Scripts\python.exe" -I -m pip --isolated --disable-pip-version-check install --quiet --no-cache-dir --no-index --find-links "%here%wheels" --require-hashes --only-binary=:all: -r "%here%requirements-windows-%version%.txt" || exit /b 1
"%venv%\Scripts\mri-batch.exe" doctor --out "%venv%" || exit /b 1
echo installed: %venv%\Scripts\mri-batch.exe
exit /b 0

:old
echo install.cmd: this folder has no wheels for this Python on Windows 1>&2
exit /b 1
